/**
 * Where the objects of a management cluster live now: on its bootstrap cluster, or on itself after the pivot. Asked of the clusters, not of
 * the journal: a run can die between the commit of a pivot and the record of it, and the state folder can be lost.
 */
import { CLUSTER } from '../../capi/words.ts';
import type { PivotStage } from '../../capi/pivot/options.ts';
import type { Json } from '../../core/digest.ts';
import type { StepContext, StepRecord, UndoContext } from '../../engine/step.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { readStanding, type Standing } from './standing.ts';
import { connectTo, type Guide, type Place, placeData, placeFrom } from './way.ts';

/** A management cluster, its bootstrap cluster, and what it is called there. */
export interface Family {
  readonly cluster: string;
  readonly namespace: string;
  readonly bootstrap: Place;
  readonly management: Place;
  /** False: everything stays on the bootstrap cluster. */
  readonly pivots: boolean;
}

export interface Home {
  readonly place: Place;
  readonly client: KubeClient;
  /** A pivot is under way: nobody else may write now. */
  readonly isMoving: boolean;
}

export interface Neighbours {
  readonly bootstrap: KubeClient | undefined;
  /** Only while it serves Cluster API. */
  readonly management: KubeClient | undefined;
}

export async function findNeighbours(family: Family, guide: Guide): Promise<Neighbours> {
  const [bootstrap, management] = await Promise.all([connectTo(family.bootstrap, guide), connectTo(family.management, guide)]);
  const serves = management !== undefined && (await management.serves(CLUSTER, guide.signal));
  return { bootstrap, management: serves ? management : undefined };
}

/** Undefined while neither can be asked. */
export async function findHome(family: Family, guide: Guide): Promise<Home | undefined> {
  const { bootstrap, management } = await findNeighbours(family, guide);
  const first: Home | undefined = bootstrap && { place: family.bootstrap, client: bootstrap, isMoving: false };
  if (!family.pivots || !management) return first;
  const own = { place: family.management, client: management };
  if (!first) return (await holdsItself(family, management, guide.signal)) ? { ...own, isMoving: false } : undefined;
  const { owner, isMoving } = await ownership(family, { bootstrap: first.client, management }, guide.signal);
  return owner === 'management' ? { ...own, isMoving } : { ...first, isMoving };
}

/** Whether the management cluster has its own Cluster object. */
export async function holdsItself({ cluster, namespace }: Family, client: KubeClient, signal: AbortSignal): Promise<boolean> {
  return (await client.get({ ...CLUSTER, namespace, name: cluster }, signal)) !== undefined;
}

const SETTLED = new Set<PivotStage>(['none', 'released', 'retired']);
const HANDED_OVER = new Set<PivotStage>(['committed', 'released', 'retiring', 'retired', 'reversing']);

export interface Ownership {
  readonly owner: 'bootstrap' | 'management';
  readonly isMoving: boolean;
  readonly standing: Standing;
}

/** Who owns the objects, by the transaction; without one, whoever has them. */
export async function ownership(family: Family, { bootstrap, management }: Required<Neighbours>, signal: AbortSignal): Promise<Ownership> {
  const standing = await readStanding({ ...(bootstrap && { bootstrap }), ...(management && { management }) }, signal);
  const isMoving = !SETTLED.has(standing.stage);
  const hasMoved = HANDED_OVER.has(standing.stage);
  if (standing.direction) return { owner: (standing.direction === 'forth') === hasMoved ? 'management' : 'bootstrap', isMoving, standing };
  const isLeft =
    bootstrap !== undefined &&
    management !== undefined &&
    !(await holdsItself(family, bootstrap, signal)) &&
    (await holdsItself(family, management, signal));
  return { owner: isLeft ? 'management' : 'bootstrap', isMoving, standing };
}

/** A step sees what other steps gave, not their records; outputs are enough to find an existing cluster again. */
export function guideOfStep(step: StepContext, context: ProvisionerContext): Guide {
  const record = (id: string): StepRecord | undefined => {
    const outputs = step.outputs(id);
    return outputs && { step: id, state: 'applied', subject: id, needs: [], intent: {}, outputs };
  };
  return { host: step.host, signal: step.signal, context, record };
}

export function guideOfUndo(undo: UndoContext, context: ProvisionerContext): Guide {
  return { host: undo.host, signal: undo.signal, context, record: (id) => undo.records().get(id) };
}

export const familyData = (family: Family): Json => ({
  ...family,
  bootstrap: placeData(family.bootstrap),
  management: placeData(family.management),
});

export function familyFrom(data: Json): Family {
  const family = data as unknown as Family & { readonly bootstrap: Json; readonly management: Json };
  return { ...family, bootstrap: placeFrom(family.bootstrap), management: placeFrom(family.management) };
}
