/**
 * Before a cluster goes: what its workloads had controllers make outside of it. Load balancers are given back by those who made them, while
 * they still run; what is left, and all when there is no way into the cluster, is swept through the API of AWS with proof of whose it was.
 */
import { dirname, join } from 'node:path';
import { type AwsPlace, sharedAws } from '../../aws/account.ts';
import type { LeftoverScope } from '../../aws/leftover.ts';
import { sweepLeftovers } from '../../aws/leftovers.ts';
import { isSlipwayError } from '../../core/errors.ts';
import type { UndoContext, UndoHandler } from '../../engine/step.ts';
import { deleteObjects } from '../../kube/delete.ts';
import { textAt } from '../../kube/readiness-state.ts';
import { formatRef, type KubeClient, type KubeObject, refOf } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { connectFromRecords } from './reach-step.ts';

/** A controller that is gone never answers; what it made is swept afterwards. */
const CONTROLLER_BOUND_MS = 5 * 60_000;

export function clearClusterHandler(context: ProvisionerContext): UndoHandler {
  return {
    undo: async (undo) => {
      const name = undo.record.subject.slice('Cluster/'.length);
      const client = await connectOrSay(undo, name, context);
      if (!client) return;
      await keepRetained(client, undo, keptPath(context, name));
      await giveBackLoadBalancers(client, undo);
    },
  };
}

async function connectOrSay(undo: UndoContext, name: string, context: ProvisionerContext): Promise<KubeClient | undefined> {
  try {
    return await connectFromRecords(undo, name, context);
  } catch (error) {
    undo.signal.throwIfAborted();
    if (!isSlipwayError(error)) throw error;
    const message = `${name} is not asked to give back load balancers and volumes, they are swept through AWS instead: ${error.message}`;
    undo.report({ type: 'finding', level: 'warning', code: error.code, message });
    return undefined;
  }
}

async function giveBackLoadBalancers(client: KubeClient, undo: UndoContext): Promise<void> {
  const { host, signal, report } = undo;
  const [services, ingresses] = await Promise.all([
    client.list({ apiVersion: 'v1', kind: 'Service' }, { signal }),
    client.list({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' }, { signal }),
  ]);
  const refs = [...services.items.filter((service) => textAt(service, 'spec', 'type') === 'LoadBalancer'), ...ingresses.items].map(refOf);
  if (refs.length === 0) return;
  const timeoutMs = Math.min(CONTROLLER_BOUND_MS, undo.timeoutMs);
  report({ type: 'progress', message: `waiting until the load balancers of ${refs.map(formatRef).join(', ')} are given back` });
  try {
    await deleteObjects(client, refs, {
      ...{ host, signal, timeoutMs },
      onBlocked: ([first]) =>
        first &&
        report({ type: 'waiting', object: formatRef(first.ref), reason: 'BeingDeleted', message: first.reason, boundMs: timeoutMs }),
    });
  } catch (error) {
    signal.throwIfAborted();
    if (!isSlipwayError(error)) throw error;
    report({
      type: 'finding',
      level: 'warning',
      code: error.code,
      message: `load balancers are swept through AWS instead: ${error.message}`,
    });
  }
}

/** Volumes whose owner said Retain outlive the cluster. */
async function keepRetained(client: KubeClient, { signal, host, report }: UndoContext, path: string): Promise<void> {
  const { items } = await client.list({ apiVersion: 'v1', kind: 'PersistentVolume' }, { signal });
  const kept = items
    .filter((volume) => textAt(volume, 'spec', 'persistentVolumeReclaimPolicy') === 'Retain')
    .flatMap((volume) => volumeId(volume) ?? []);
  if (kept.length === 0) return;
  await host.files.mkdir(dirname(path));
  await host.files.writeAtomic(path, `${JSON.stringify(kept)}\n`, { mode: 0o600 });
  report({ type: 'finding', level: 'info', message: `volumes that stay, because their claims say Retain: ${kept.join(', ')}` });
}

const volumeId = (volume: KubeObject): string | undefined =>
  textAt(volume, 'spec', 'csi', 'volumeHandle') ?? textAt(volume, 'spec', 'awsElasticBlockStore', 'volumeID')?.split('/').at(-1);

const keptPath = ({ stateDir }: Pick<ProvisionerContext, 'stateDir'>, name: string): string =>
  join(stateDir, 'clusters', name, 'kept-volumes.json');

/** What stands in the way of the module, before it goes, and what its nodes held, afterwards. @throws SLW-AWS-017 */
export async function sweepCluster(undo: UndoContext, place: AwsPlace, context: ProvisionerContext): Promise<void> {
  const name = undo.record.subject.slice('Cluster/'.length);
  const { host, signal, timeoutMs, report } = undo;
  const outputs = undo.record.outputs;
  const kept = JSON.parse((await host.files.readText(keptPath(context, name)).catch(() => undefined)) ?? '[]') as readonly string[];
  const vpcId = vpcOf(undo);
  const scope: LeftoverScope = {
    cluster: typeof outputs['clusterName'] === 'string' ? outputs['clusterName'] : name,
    managed: new Set([...kept, ...Object.values(outputs).filter((value) => typeof value === 'string')]),
    ...(vpcId !== undefined && { vpcId }),
  };
  const gone = await sweepLeftovers(sharedAws(context, place), scope, {
    timeoutMs,
    signal,
    onProgress: (message) => report({ type: 'progress', message }),
  });
  for (const { kind, id, proof } of gone)
    report({ type: 'finding', level: 'info', message: `removed ${kind} ${id}, left over by ${name} (${proof})` });
}

/** What the module was given stands in its record. */
function vpcOf({ record }: UndoContext): string | undefined {
  const { variables } = (record.intent.undo?.data ?? {}) as { readonly variables?: Readonly<Record<string, unknown>> };
  const id = variables?.['vpc_id'];
  return typeof id === 'string' ? id : undefined;
}
