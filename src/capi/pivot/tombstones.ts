/** Tombstones: on each Cluster that leaves the source, who takes it over. Written with its pause, or by FENCE where somebody else had paused it. */
import { mapPool } from '../../kube/pool.ts';
import { refOf } from '../../kube/types.ts';
import { annotationOf, TOMBSTONE_ANNOTATION } from './marks.ts';
import { isPaused } from './pausing.ts';
import type { Session } from './session.ts';
import type { World } from './world.ts';

/** The annotation, as a merge patch. */
export function tombstone({ transaction }: Session): { readonly metadata: { readonly annotations: Readonly<Record<string, string>> } } {
  const { name, uid } = transaction.target;
  return { metadata: { annotations: { [TOMBSTONE_ANNOTATION]: `${name} ${uid}` } } };
}

/** On Clusters that were paused when this call looked; the others have got theirs with the pause. */
export async function writeTombstones(session: Session, world: World): Promise<void> {
  const patch = tombstone(session);
  const value = patch.metadata.annotations[TOMBSTONE_ANNOTATION];
  const open = world.going.filter(
    ({ object, verdict }) =>
      verdict === 'moves' &&
      world.inventory.kindOf(object).role === 'cluster' &&
      isPaused(object) &&
      annotationOf(object, TOMBSTONE_ANNOTATION) !== value,
  );
  await mapPool(open, session.pool, async ({ object }) => {
    await session.writes.patch({ end: 'source', ref: refOf(object) }, patch, { purpose: 'tombstone' });
  });
}
