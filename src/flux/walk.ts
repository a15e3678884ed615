/** What the diagnosis carries along while it walks from a unit to a cause. */
import { formatRef, type ObjectRef } from '../kube/types.ts';
import type { Cause } from './cause.ts';
import type { CannotRun } from './diagnose-workload.ts';
import type { Heads } from './units.ts';
import type { World } from './world.ts';

export interface DiagnoseOptions {
  /** Names of the Kustomizations the project declares. */
  readonly declared: readonly string[];
  /** Sources the project declares; explained even if no unit uses them. */
  readonly sources?: readonly ObjectRef[];
  readonly heads: Heads;
  readonly cannotRun?: CannotRun;
}

/** Where the walk stands. */
export interface Walk {
  readonly world: World;
  readonly options: DiagnoseOptions;
  /** Units from the one asked about to the present one. */
  readonly chain: readonly string[];
  readonly unit: ObjectRef;
  /** Units that an older revision brought: their failures may be mended by the head already. */
  readonly stale: ReadonlySet<string>;
}

export function causeOf(walk: Walk, ref: ObjectRef, what: Pick<Cause, 'kind' | 'area' | 'reason' | 'message'>): Cause {
  const object = formatRef(ref);
  const chain = walk.chain.at(-1) === object ? walk.chain : [...walk.chain, object];
  const isStale = walk.stale.has(formatRef(walk.unit)) && what.area !== 'source' && what.area !== 'auth';
  return { ...what, ...(isStale && { kind: 'waiting' as const }), object, ref, chain, unit: walk.unit, blocks: [] };
}
