/**
 * Provisioner `capi`: clusters that Cluster API makes from definitions. A management cluster is made with the help of a temporary
 * bootstrap cluster, takes over its own definition (the pivot), and makes workload clusters from then on.
 * Turns documents into steps; what really happens stands in capi/, control-plane/ and flux/.
 */
import { inMemoryUndoHandlers, STOP_CLOUD } from '../../capi/in-memory/cloud-step.ts';
import { providerUndoHandlers } from '../../capi/providers/steps.ts';
import type { CapiCluster, ResolvedCluster } from '../../config/resolved.ts';
import type { UndoContext, UndoRecord } from '../../engine/step.ts';
import type { KubeClient } from '../../kube/types.ts';
import { readPins } from '../../toolchain/catalogue.ts';
import { createCannotRun } from '../on-this-machine.ts';
import type { Provisioner, ProvisionerContext, Removal } from '../provisioner.ts';
import { connectToSame, reachStepId } from '../reach-existing.ts';
import type { Attendant } from './attendance.ts';
import { bootstrapCompanions } from './companions.ts';
import { DELETE_CLUSTER, deleteClusterHandler, deletionFrom } from './delete-cluster.ts';
import { dependantsOf } from './dependants.ts';
import { type Family, findHome, guideOfUndo } from './home.ts';
import { capiStepIds } from './ids.ts';
import { managementSteps } from './management-steps.ts';
import { requireNewHome, staysBehind } from './move-others.ts';
import { isCapi } from './plan-family.ts';
import { MOVE_BACK, moveBackHandler } from './pivot-step.ts';
import { kubeconfigOf, logsOf, processesOf } from './views.ts';
import { connectTo } from './way.ts';
import { workloadSteps } from './workload-steps.ts';

export const capiProvisioner: Provisioner = {
  name: 'capi',
  steps: (cluster, context) => stepsOf(asCapi(cluster), context),
  requireInReach: () => Promise.resolve(),
  requireRemovable,
  undoHandlers: (context) =>
    new Map([
      ...inMemoryUndoHandlers,
      ...providerUndoHandlers((undo, cluster) => connectForProviders(undo, cluster, context)),
      [DELETE_CLUSTER, deleteClusterHandler(context)],
      [MOVE_BACK, moveBackHandler(context)],
    ]),
  connectForUndo,
  kubeconfig: kubeconfigOf,
  processes: processesOf,
  companions: bootstrapCompanions,
  cannotRun: async (cluster, { host }) =>
    asCapi(cluster).capi.infrastructure === 'local' ? createCannotRun(await readPins(host)) : undefined,
  logs: logsOf,
};

function stepsOf(cluster: CapiCluster, context: ProvisionerContext) {
  return cluster.role === 'management' ? managementSteps(cluster, context) : workloadSteps(cluster, context);
}

/** @throws SLW-CAP-405 when a management cluster would go that keeps clusters which stay; with `--to` what forbids that they move */
async function requireRemovable(removal: Removal, context: ProvisionerContext): Promise<void> {
  for (const step of removal.going) {
    const undo = removal.records.get(step)?.intent.undo;
    if (undo?.handler !== DELETE_CLUSTER) continue;
    const { cluster, family } = deletionFrom(undo.data);
    if (cluster === family.cluster) await requireOthersSafe(family, removal, context);
  }
}

async function requireOthersSafe(family: Family, { records, going, signal }: Removal, context: ProvisionerContext): Promise<void> {
  const { host } = context;
  const home = await findHome(family, { host, context, signal, record: (id) => records.get(id) });
  if (!home || staysBehind(home.place)) return;
  const undos = [...going].flatMap((id) => records.get(id)?.intent.undo ?? []);
  const leaving = new Set(undos.flatMap(definedBy));
  const others = (await dependantsOf(family, home.client, signal)).filter(
    ({ namespace, name }) => !leaving.has(`${namespace ?? ''}/${name}`),
  );
  const losesCloud = home.place.cloudFile !== undefined && undos.some(({ handler }) => handler === STOP_CLOUD);
  const attendant: Attendant = { host, signal, timeoutMs: LOOK_MS, report: () => undefined };
  await requireNewHome({ family, place: home.place, client: home.client, others, losesCloud }, { attendant, context });
}

/** Bound of a look at what a `down` would do. */
const LOOK_MS = 60_000;

function definedBy(undo: UndoRecord): readonly string[] {
  if (undo.handler !== DELETE_CLUSTER) return [];
  const { namespace, cluster } = deletionFrom(undo.data);
  return [`${namespace}/${cluster}`];
}

/** A cluster that is being taken down is not asked any more: its end takes everything in it along. */
async function connectForUndo(undo: UndoContext, cluster: string, context: ProvisionerContext): Promise<KubeClient | undefined> {
  const record = undo.records().get(capiStepIds(cluster).define);
  if (!record?.intent.undo || undo.options['down'] === true) return undefined;
  return connectTo(deletionFrom(record.intent.undo.data), guideOfUndo(undo, context));
}

/** Providers are taken off only where the cluster itself was there before. */
async function connectForProviders(undo: UndoContext, cluster: string, context: ProvisionerContext): Promise<KubeClient | undefined> {
  const record = undo.records().get(reachStepId(cluster));
  return record && connectToSame(record, { context, signal: undo.signal });
}

function asCapi(cluster: ResolvedCluster): CapiCluster {
  if (!isCapi(cluster)) throw new RangeError(`${cluster.subject} is not of Cluster API`);
  return cluster;
}
