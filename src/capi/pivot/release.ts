/** RELEASE: the target wakes up. Only pauses of this run are taken off; what people had paused stays paused. Needs the target alone. */
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { runHooks } from './hooks.ts';
import { refKey } from './fields.ts';
import { freeTarget } from './hold.ts';
import { type Inventory, listClusters } from './inventory.ts';
import { annotationOf } from './marks.ts';
import { isPaused, pauseAnnotationOf, PAUSE_VALUE, unpausePatch } from './pausing.ts';
import type { Session } from './session.ts';
import { shortUid } from './transaction.ts';
import type { Ground } from './world.ts';

/** @throws SLW-PIV-016 when the source is not asleep */
export async function release(session: Session, ground: Ground | undefined, target: Inventory): Promise<void> {
  await session.save({ phase: 'release' });
  await sourceSleeps(session, ground);
  const sealed = new Set(session.transaction.sealed);
  const annotated = target.objects.filter(
    (object) => sealed.has(shortUid(object.metadata.uid ?? '')) && annotationOf(object, pauseAnnotationOf(object)) === PAUSE_VALUE,
  );
  await mapPool(annotated, session.pool, async (object) => {
    await session.writes.patch({ end: 'target', ref: refOf(object) }, unpausePatch(object.apiVersion, 'annotation', undefined), {
      purpose: 'release',
    });
  });
  await releaseClusters(session, target);
  await freeTarget(session);
  await runHooks(session, 'after-release');
}

async function releaseClusters(session: Session, target: Inventory): Promise<void> {
  const pauses = session.transaction.pauses.filter(({ way }) => way === 'field');
  await mapPool(pauses, session.pool, async (pause) => {
    const object = target.byKey(refKey(pause));
    if (!object || !isPaused(object)) return;
    await session.writes.patch({ end: 'target', ref: refOf(object) }, unpausePatch(object.apiVersion, 'field', pause.before), {
      purpose: 'release',
    });
  });
}

/** A source that cannot be asked has no controllers that could be asked either: they were stopped, or its Clusters paused, before COMMIT. */
async function sourceSleeps(session: Session, ground: Ground | undefined): Promise<void> {
  if (!ground) return;
  let awake: readonly KubeObject[];
  try {
    awake = await awakeAtSource(session, ground);
  } catch (error) {
    if (!isSlipwayError(error) || error.exit !== 69) throw error;
    session.note({ reason: 'source-unreachable', message: `the source cannot be asked whether it sleeps: ${error.message}` });
    return;
  }
  const [first] = awake;
  if (!first) return;
  const name = formatRef(refOf(first));
  throw new SlipwayError('SLW-PIV-016', `${name} on ${session.options.source.name} is no longer paused`, { object: name });
}

/** Of those that were moved, and of those that would have been had they been there. */
async function awakeAtSource({ transaction, signal }: Session, { from, kinds }: Ground): Promise<readonly KubeObject[]> {
  const { namespaces, clusters } = transaction;
  const moved = new Set(transaction.moved);
  const there = await listClusters(from.client, kinds, signal);
  return there.filter((cluster) => {
    const { namespace = '', name } = cluster.metadata;
    const isSelected = clusters ? moved.has(`${namespace}/${name}`) : (namespaces?.includes(namespace) ?? true);
    return isSelected && !isPaused(cluster);
  });
}
