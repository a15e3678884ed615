/**
 * `down --to`: what a management cluster keeps beside itself goes to another management cluster before it is taken down. Looked at as a
 * whole before anything is undone; what a killed `down` began is finished first, from the transaction in the two clusters alone.
 */
import type { PivotOptions } from '../../capi/pivot/options.ts';
import { pivotStatus, planPivot, retirePivot, runPivot } from '../../capi/pivot/pivot.ts';
import { refusalErrors } from '../../capi/pivot/preflight.ts';
import { isFinished, readTransaction, type Transaction } from '../../capi/pivot/transaction.ts';
import { clusterUid } from '../../capi/pivot/world.ts';
import { CLUSTER, INFRASTRUCTURE_API } from '../../capi/words.ts';
import { SlipwayError } from '../../core/errors.ts';
import { formatRef, type KubeClient, type ObjectRef } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { type Attendant, attendanceOf } from './attendance.ts';
import { dependantsOf, refuseDependants, shortList } from './dependants.ts';
import { pivotEnd, remoteEnd, reportPivot } from './ends.ts';
import type { Family } from './home.ts';
import type { Place } from './way.ts';

/** Where they are now: on the management cluster, or on the bootstrap cluster of one that never took over. */
export interface Keeper {
  readonly family: Family;
  readonly place: Place;
  readonly client: KubeClient;
}

export interface Moving {
  readonly attendant: Attendant;
  readonly context: ProvisionerContext;
}

/** A bootstrap cluster that was there before goes on keeping whatever it keeps. */
export const staysBehind = ({ way }: Place): boolean => way.kind === 'existing';

/** Moves them to the cluster of `--to`. @throws SLW-CAP-405 without it, SLW-PIV-… */
export async function moveOthers(keeper: Keeper, moving: Moving): Promise<void> {
  const { family, place, client } = keeper;
  const { attendant, context } = moving;
  const begun = await moveBegun(keeper, attendant.signal);
  const others = begun ? [] : await dependantsOf(family, client, attendant.signal);
  if (!begun && others.length === 0) return;
  const options = await moveOptions(keeper, moving, { begun, others });
  const act = (): Promise<void> => (begun ? finish(options, begun) : move({ ...options, clusters: clusterNames(others) }));
  await attendanceOf(place, context).during(attendant, client, act);
  // What was begun may have been less than what is there.
  if (begun) await moveOthers(keeper, moving);
}

async function move(options: PivotOptions): Promise<void> {
  await runPivot(options);
  await retirePivot(options);
}

/** What it chose, and nothing beside it. The record on the new home may be further than the one that was found here. */
async function finish(options: PivotOptions, { namespaces, clusters }: Transaction): Promise<void> {
  const chosen: PivotOptions = { ...options, ...(namespaces && { namespaces }), ...(clusters && { clusters }) };
  if ((await pivotStatus(chosen)).stage === 'retired') await retirePivot(chosen);
  else await move(chosen);
}

export interface Leaving extends Keeper {
  /** Clusters that are to move. */
  readonly others: readonly ObjectRef[];
  /** The in-memory cloud of the project goes in the same run. */
  readonly losesCloud: boolean;
}

/** Refuses, before anything is undone, what `moveOthers` would refuse. Reads only. @throws SLW-CAP-405, -410, SLW-PIV-001, SLW-KUB-… */
export async function requireNewHome(leaving: Leaving, moving: Moving): Promise<void> {
  const { family, client, others, losesCloud } = leaving;
  const { signal } = moving.attendant;
  const begun = await moveBegun(leaving, signal);
  if (!begun && others.length === 0) return;
  const options = await moveOptions(leaving, moving, { begun, others });
  if (losesCloud) await requireNoneSimulated(client, others, signal);
  if (begun) return requireSameHome(family, begun, options);
  const { refusals } = await planPivot({ ...options, clusters: clusterNames(others) });
  if (refusals.length > 0) throw refusalErrors(refusals);
}

async function requireSameHome(family: Family, begun: Transaction, { target, signal }: PivotOptions): Promise<void> {
  if (begun.target.uid !== (await clusterUid(target.client, signal))) throw refuseBegun(family, begun);
}

const clusterNames = (others: readonly ObjectRef[]): readonly string[] =>
  others.map(({ namespace, name }) => `${namespace ?? 'default'}/${name}`);

/** A pivot away from it that is not finished, other than to its own bootstrap cluster. */
async function moveBegun({ family, client }: Keeper, signal: AbortSignal): Promise<Transaction | undefined> {
  const transaction = (await readTransaction(client, signal))?.transaction;
  if (!transaction || isFinished(transaction) || transaction.source.uid !== (await clusterUid(client, signal))) return undefined;
  const isOwn = [family.bootstrap.name, family.management.name].includes(transaction.target.name);
  return isOwn ? undefined : transaction;
}

function refuseBegun({ cluster }: Family, begun: Transaction | undefined): SlipwayError {
  const names = begun?.moved.map((name) => `Cluster/${name}`) ?? [];
  const what = names.length > 0 ? shortList(names) : 'its clusters';
  return new SlipwayError('SLW-CAP-405', `${cluster} has not finished to move ${what} to ${begun?.target.name} (${begun?.stage})`, {
    object: `Cluster/${cluster}`,
    data: { clusters: names },
    fix: `name the same new home with --to, or finish that pivot with slipway pivot`,
  });
}

/** Machines of the in-memory cloud are in its process, not in the objects that move. */
async function requireNoneSimulated(client: KubeClient, others: readonly ObjectRef[], signal: AbortSignal): Promise<void> {
  const found = await Promise.all(others.map(async (ref) => ((await isSimulated(client, ref, signal)) ? [formatRef(ref)] : [])));
  const names = found.flat();
  if (names.length === 0) return;
  throw new SlipwayError(
    'SLW-CAP-410',
    `the machines of ${shortList(names)} are in the in-memory cloud of this project, which goes with it`,
    {
      data: { clusters: names },
    },
  );
}

async function isSimulated(client: KubeClient, { namespace = 'default', name }: ObjectRef, signal: AbortSignal): Promise<boolean> {
  const cluster = await client.get({ ...CLUSTER, namespace, name }, signal);
  const { infrastructureRef } = (cluster?.['spec'] ?? {}) as { infrastructureRef?: { readonly kind?: string; readonly name?: string } };
  if (infrastructureRef?.kind !== 'DevCluster' || infrastructureRef.name === undefined) return false;
  const ref = { apiVersion: INFRASTRUCTURE_API, kind: 'DevCluster', namespace, name: infrastructureRef.name };
  const { backend } = ((await client.get(ref, signal))?.['spec'] ?? {}) as { backend?: { readonly inMemory?: unknown } };
  return backend?.inMemory !== undefined;
}

interface ToMove {
  readonly begun: Transaction | undefined;
  readonly others: readonly ObjectRef[];
}

/** @throws SLW-CAP-405 without `--to`, and for one that is not there */
async function moveOptions(
  { family, place, client }: Keeper,
  { attendant, context }: Moving,
  { begun, others }: ToMove,
): Promise<PivotOptions> {
  const { newHome } = context;
  if (newHome === undefined) throw others.length > 0 ? refuseDependants(family, others) : refuseBegun(family, begun);
  const { host, signal, timeoutMs } = attendant;
  const text = await host.files.readText(newHome);
  if (text === undefined)
    throw new SlipwayError('SLW-CAP-405', `there is no kubeconfig at ${newHome} for the clusters that ${family.cluster} still manages`);
  return {
    ...{ host, signal, timeoutMs },
    source: pivotEnd(place, client, { attendant, context }),
    target: remoteEnd(newHome, await context.connect({ text, path: newHome }), attendant),
    disposableSource: false,
    report: reportPivot(attendant),
  };
}
