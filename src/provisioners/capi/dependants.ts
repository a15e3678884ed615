/** Clusters that a management cluster keeps beside itself: they hold its end up, unless they are moved to another one. */
import { CLUSTER } from '../../capi/words.ts';
import { runPivot } from '../../capi/pivot/pivot.ts';
import { retirePivot } from '../../capi/pivot/pivot.ts';
import { startControllers, stopControllers } from '../../capi/providers/controllers.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { UndoContext } from '../../engine/step.ts';
import { formatRef, type KubeClient, type ObjectRef, refOf } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { attendanceOf } from './attendance.ts';
import { pivotEnd, reportPivot } from './ends.ts';
import type { Family } from './home.ts';

/** All Clusters on it but itself, and those that are on their way out. */
export async function dependantsOf({ cluster, namespace }: Family, client: KubeClient, signal: AbortSignal): Promise<readonly ObjectRef[]> {
  if (!(await client.serves(CLUSTER, signal))) return [];
  const { items } = await client.list(CLUSTER, { signal });
  return items.map((item) => refOf({ ...item, ...CLUSTER })).filter((ref) => ref.name !== cluster || ref.namespace !== namespace);
}

export function refuseDependants(family: Family, others: readonly ObjectRef[]): SlipwayError {
  const names = others.map(formatRef);
  const shown = names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
  return new SlipwayError('SLW-CAP-405', `${family.cluster} still manages ${shown}`, {
    object: `Cluster/${family.cluster}`,
    data: { clusters: names },
  });
}

interface Removing {
  readonly undo: UndoContext;
  readonly context: ProvisionerContext;
}

/** Moves them to the cluster of `--to`. @throws SLW-CAP-405 without it */
export async function moveOthers(family: Family, client: KubeClient, { undo, context }: Removing): Promise<void> {
  const others = await dependantsOf(family, client, undo.signal);
  if (others.length === 0) return;
  const { newHome } = context;
  if (newHome === undefined) throw refuseDependants(family, others);
  const text = await undo.host.files.readText(newHome);
  if (text === undefined)
    throw new SlipwayError('SLW-CAP-405', `there is no kubeconfig at ${newHome} for the clusters that ${family.cluster} still manages`);
  const target = await context.connect({ text, path: newHome });
  const { host, signal, timeoutMs } = undo;
  const options = {
    ...{ host, signal, timeoutMs },
    source: pivotEnd(family.management, client, { attendant: undo, context }),
    target: {
      client: target,
      name: newHome,
      controllers: {
        stop: async (bound: AbortSignal) => void (await stopControllers(target, { host, signal: bound, timeoutMs })),
        start: async (bound: AbortSignal) => void (await startControllers(target, { host, signal: bound, timeoutMs })),
      },
    },
    clusters: others.map(({ namespace, name }) => `${namespace ?? 'default'}/${name}`),
    disposableSource: false,
    report: reportPivot(undo),
  };
  await attendanceOf(family.management, context).during(undo, client, async () => {
    await runPivot(options);
    await retirePivot(options);
  });
}
