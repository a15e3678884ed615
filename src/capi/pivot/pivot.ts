/**
 * The pivot: moves Cluster API objects from one API server to another as one transaction (docs/design/pivot.md).
 * Knows Kubernetes and Cluster API, no project, no engine. Invariants: the truth is the transaction object in both clusters, so
 * two clients are enough to go on; never two live owners; one resourceVersion-guarded update on the target is the COMMIT.
 */
import { SlipwayError } from '../../core/errors.ts';
import type { PivotOptions, PivotResult, PivotStatus } from './options.ts';
import type { PivotPlan } from './plan.ts';

/** What `runPivot` would do. Reads both clusters, writes nothing; refusals are data. */
export function planPivot(_options: PivotOptions): Promise<PivotPlan> {
  throw new SlipwayError('SLW-BUG-001', 'the pivot is not built yet');
}

/**
 * Moves everything up to and including WATCH; goes on where an earlier call ended, wherever that was. Does not retire.
 * @throws SLW-PIV-001 refused (SlipwayErrors for several reasons), and the codes of each phase
 */
export function runPivot(_options: PivotOptions): Promise<PivotResult> {
  throw new SlipwayError('SLW-BUG-001', 'the pivot is not built yet');
}

/** Reads only, both clusters; works with one of them unreachable. */
export function pivotStatus(_options: Pick<PivotOptions, 'source' | 'target' | 'signal'>): Promise<PivotStatus> {
  throw new SlipwayError('SLW-BUG-001', 'the pivot is not built yet');
}

/** Before COMMIT: discards the target's copies and gives the source back as it was. From COMMIT to RETIRE: a reverse pivot. @throws SLW-PIV-030 after it */
export function rollbackPivot(_options: PivotOptions): Promise<PivotResult> {
  throw new SlipwayError('SLW-BUG-001', 'the pivot is not built yet');
}

/** Ends a released pivot. A disposable source is only recorded as done with; from any other the moved objects are removed. @throws SLW-PIV-031 not released */
export function retirePivot(_options: PivotOptions): Promise<PivotResult> {
  throw new SlipwayError('SLW-BUG-001', 'the pivot is not built yet');
}
