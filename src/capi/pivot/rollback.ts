/** Rollback before COMMIT: the copies go, the source becomes exactly what it was: controllers, tombstones, pauses, suspensions, hooks. */
import { mapPool } from '../../kube/pool.ts';
import { refOf } from '../../kube/types.ts';
import { refKey } from './fields.ts';
import { resumeFlux } from './flux-suspend.ts';
import { freeTarget } from './hold.ts';
import { undoHooks } from './hooks.ts';
import { annotationOf, RUN_ANNOTATION, SOURCE_UID_ANNOTATION, TOMBSTONE_ANNOTATION } from './marks.ts';
import { removeMadeNamespaces } from './namespaces.ts';
import { isPaused, unpausePatch } from './pausing.ts';
import { removeObjects } from './remove.ts';
import type { Session } from './session.ts';
import { readStanding } from './target-checks.ts';
import { shortUid } from './transaction.ts';
import { type Ground, readWorld, type World } from './world.ts';

export async function rollBack(session: Session, ground: Ground): Promise<void> {
  if (session.transaction.stage !== 'rolling-back') await session.save({ stage: 'rolling-back', phase: 'rollback' }, 'roll back');
  const world = await readWorld(ground, session.transaction, session.signal);
  await discardCopies(session, world);
  await freeTarget(session);
  await restoreSource(session, world);
  await session.forget();
}

async function discardCopies(session: Session, world: World): Promise<void> {
  const { runId } = session.transaction;
  const sealed = new Set(session.transaction.sealed);
  const originals = new Set(world.going.map(({ object }) => object.metadata.uid ?? ''));
  const standing = await readStanding(world, session.signal);
  const ours = standing.objects.filter(
    (object) =>
      annotationOf(object, RUN_ANNOTATION) === runId ||
      originals.has(annotationOf(object, SOURCE_UID_ANNOTATION) ?? '-') ||
      sealed.has(shortUid(object.metadata.uid ?? '')),
  );
  await removeObjects(session, 'target', { objects: ours, inventory: standing });
  await removeMadeNamespaces(session);
}

/** Also the last part of a reverse pivot. */
export async function restoreSource(session: Session, world: World): Promise<void> {
  const { controllersStopped, held } = session.transaction;
  // Webhooks must answer before a Cluster can be written; what is paused stays so meanwhile.
  if (controllersStopped || held) await session.options.source.controllers.start(session.signal);
  await mapPool(world.going, session.pool, async ({ object }) => {
    if (annotationOf(object, TOMBSTONE_ANNOTATION) === undefined) return;
    await session.writes.patch(
      { end: 'source', ref: refOf(object) },
      { metadata: { annotations: { [TOMBSTONE_ANNOTATION]: null } } },
      { purpose: 'remove tombstone' },
    );
  });
  await mapPool(session.transaction.pauses, session.pool, async (pause) => {
    const object = world.inventory.byKey(refKey(pause));
    if (!object || !isPaused(object)) return;
    await session.writes.patch({ end: 'source', ref: refOf(object) }, unpausePatch(object.apiVersion, pause.way, pause.before), {
      purpose: 'unpause',
    });
  });
  await resumeFlux(session);
  await undoHooks(session);
}
