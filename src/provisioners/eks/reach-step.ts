/** The step that finds the way to the API of a cluster that was made, proves that it is that cluster, and keeps its kubeconfig. */
import { dirname } from 'node:path';
import type { EksCluster } from '../../config/resolved.ts';
import { SlipwayError } from '../../core/errors.ts';
import { type Change, defineStep, type Outputs, type Step, type StepContext, type UndoContext } from '../../engine/step.ts';
import { placeOfRecord } from '../../aws/account.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { passGate } from './gate.ts';
import { eksStepIds } from './ids.ts';
import { kubeconfigOfRun, kubeconfigPath, type MadeCluster, plainKubeconfig } from './way.ts';

export const CLEAR_CLUSTER = 'eks/clear-cluster';

/** Undefined while the cluster is still to be made. */
type Observed = { readonly server: string; readonly uid: string; readonly isKept: boolean; readonly isKnown: boolean } | undefined;

export function reachStep(cluster: EksCluster, context: ProvisionerContext): Step {
  const { name, subject } = cluster;
  const ids = eksStepIds(name);
  return defineStep<Observed>({
    id: ids.reach,
    title: `reach the API of ${name}`,
    subject,
    needs: [ids.module],
    observe: (step) => observe(cluster, context, step),
    change: (observed): Change => {
      if (!observed) return { kind: 'create', summary: 'reach the API of the new cluster, from inside its network' };
      if (!observed.isKnown) return { kind: 'create', summary: `use the API at ${observed.server}` };
      return observed.isKept
        ? { kind: 'none', summary: `the API at ${observed.server}` }
        : { kind: 'update', summary: 'write the kubeconfig anew' };
    },
    intent: () =>
      Promise.resolve({
        undo: {
          handler: CLEAR_CLUSTER,
          title: `remove load balancers and volumes that belong to workloads of ${name}`,
          data: { access: accessData(cluster) },
        },
        choices: { access: accessData(cluster) },
      }),
    apply: async (step) => {
      const { observed } = step;
      const made = madeCluster(step.outputs(ids.module), cluster.eks);
      if (!observed || !made) throw new SlipwayError('SLW-BUG-001', `${subject} is reached before it is made`);
      const path = kubeconfigPath(context, name);
      await context.host.files.mkdir(dirname(path));
      await context.host.files.writeAtomic(path, plainKubeconfig(made), { mode: 0o600 });
      return { server: made.endpoint, uid: observed.uid, kubeconfig: path };
    },
  });
}

async function observe(cluster: EksCluster, context: ProvisionerContext, step: StepContext): Promise<Observed> {
  const made = madeCluster(step.outputs(eksStepIds(cluster.name).module), cluster.eks);
  if (!made) return undefined;
  const { uid } = await connectCluster(cluster, context, { made, step, waitMs: cluster.access.waitMs });
  const known = step.record?.state === 'applied' ? step.record.outputs : undefined;
  requireSame(cluster.subject, known?.['uid'], uid);
  const text = await context.host.files.readText(kubeconfigPath(context, cluster.name));
  return {
    server: made.endpoint,
    uid,
    isKnown: known !== undefined,
    isKept: text === plainKubeconfig(made) && known?.['server'] === made.endpoint,
  };
}

function requireSame(subject: string, known: unknown, uid: string): void {
  if (typeof known !== 'string' || known === uid) return;
  throw new SlipwayError('SLW-EKS-008', `the cluster that answers for ${subject} is not the one that was made`, { object: subject });
}

interface Connecting {
  readonly made: MadeCluster;
  readonly step: Pick<StepContext, 'signal' | 'report'>;
  readonly waitMs: number;
}

/** Through the gate; asked once in a run when there is a way. */
export async function connectCluster(
  {
    subject,
    eks,
    access,
  }: Pick<EksCluster, 'subject'> & { readonly eks: Pick<EksCluster['eks'], 'endpointAccess'>; readonly access: EksCluster['access'] },
  context: ProvisionerContext,
  { made, step: { signal, report }, waitMs }: Connecting,
): Promise<{ readonly client: KubeClient; readonly uid: string }> {
  return passGate({
    ...{ host: context.host, subject, endpoint: made.endpoint, waitMs, signal, report },
    connect: async () => context.connect({ text: await kubeconfigOfRun(made, access, { context, signal }) }),
    isTunnelled: access.bastion !== undefined,
    isPublic: eks.endpointAccess.public,
  });
}

/** From the outputs of the module's step, under the names of `eksRecord`; undefined before it was made. */
export function madeCluster(outputs: Outputs | undefined, place: MadeCluster['place']): MadeCluster | undefined {
  const { clusterName, endpoint, certificateAuthority } = outputs ?? {};
  if (typeof clusterName !== 'string' || typeof endpoint !== 'string' || typeof certificateAuthority !== 'string') return undefined;
  const { region, accountId, profile } = place;
  return { name: clusterName, endpoint, certificateAuthority, place: { region, accountId, profile } };
}

type Access = EksCluster['access'];

function accessData({ access: { bastion, identity, knownHosts } }: EksCluster): Outputs {
  return JSON.parse(JSON.stringify({ bastion, identity, knownHosts })) as Outputs;
}

/** From the journal alone. @throws SLW-EKS-002 to SLW-EKS-006 when there is no way, SLW-EKS-008 when it is another cluster */
export async function connectFromRecords(
  undo: Pick<UndoContext, 'records' | 'signal' | 'report'>,
  name: string,
  context: ProvisionerContext,
): Promise<KubeClient | undefined> {
  const ids = eksStepIds(name);
  const records = undo.records();
  const [module, reached] = [records.get(ids.module), records.get(ids.reach)];
  const place = placeOfRecord(module?.intent.choices);
  const made = place && madeCluster(module?.outputs, place);
  if (!made || !module) return undefined;
  const access = accessOfRecord(reached?.intent.choices);
  const description = { subject: module.subject, access, eks: { endpointAccess: { private: true, public: false, publicCidrs: [] } } };
  const { client, uid } = await connectCluster(description, context, { made, step: undo, waitMs: 0 });
  requireSame(module.subject, reached?.outputs['uid'], uid);
  return client;
}

function accessOfRecord(choices: Outputs | undefined): Access {
  const { bastion, identity, knownHosts } = (choices?.['access'] ?? {}) as Partial<Access>;
  return { bastion, identity, knownHosts, waitMs: 0 };
}
