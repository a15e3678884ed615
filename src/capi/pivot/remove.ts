/**
 * Removes objects so that nothing behind them is touched: finalizers first, then the object, guarded by uid and resourceVersion, owned ones
 * before their owners. Their Clusters are paused: a controller may put its finalizer back, but never acts on the deletion.
 */
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import type { Inventory } from './inventory.ts';
import { orderObjects } from './order.ts';
import type { Session } from './session.ts';
import { isConflict } from './transaction.ts';
import type { End } from './writes.ts';

const ROUNDS = 40;
const PAUSE_MS = 50;

/** Safe to repeat; what is gone is gone. @throws SLW-PIV-017 */
export async function removeObjects(
  session: Session,
  end: End,
  { objects, inventory }: { readonly objects: readonly KubeObject[]; readonly inventory: Inventory },
): Promise<void> {
  const ordered = orderObjects(
    objects.map((object) => ({ object, verdict: 'moves' as const, reason: '' })),
    inventory,
  );
  const levels = [...Map.groupBy(ordered, ({ level }) => level).values()].toReversed();
  for (const level of levels) await mapPool(level, session.pool, ({ object }) => removeObject(session, end, object));
}

async function removeObject(session: Session, end: End, object: KubeObject): Promise<void> {
  const { options } = session;
  let known: KubeObject = object;
  for (let round = 1; round <= ROUNDS; round++) {
    try {
      if (await removeOnce(session, end, known)) return;
    } catch (error) {
      if (!mayPass(error) || round === ROUNDS) throw error;
    }
    if (round > 1) await options.host.clock.sleep(PAUSE_MS * Math.min(round, 10), session.signal);
    const now = await options[end].client.get(refOf(object), session.signal);
    if (!now || now.metadata.uid !== object.metadata.uid) return;
    known = now;
  }
  throw stays(known, options[end].name);
}

/** Written meanwhile, or admission still counts what was just removed (a class is in use until its Clusters left the webhook's cache). */
function mayPass(error: unknown): boolean {
  return isConflict(error) || (isSlipwayError(error) && error.code === 'SLW-KUB-011');
}

function stays(object: KubeObject, server: string): SlipwayError {
  const name = formatRef(refOf(object));
  const finalizers = object.metadata.finalizers?.join(', ') ?? 'none';
  return new SlipwayError('SLW-PIV-017', `${name} on ${server} does not go away: finalizers ${finalizers}`, { object: name });
}

/** True when it is gone for certain. */
async function removeOnce(session: Session, end: End, object: KubeObject): Promise<boolean> {
  const { uid = '', finalizers = [], deletionTimestamp } = object.metadata;
  let bare = object;
  if (finalizers.length > 0)
    bare = await session.writes
      .patch({ end, ref: refOf(object) }, { metadata: { uid, finalizers: null } }, { purpose: 'strip finalizers' })
      .catch((error: unknown) => {
        if (isGone(error)) return { ...object, metadata: { ...object.metadata, finalizers: [], deletionTimestamp: 'gone' } };
        throw error;
      });
  if (deletionTimestamp !== undefined || bare.metadata.deletionTimestamp !== undefined) return false;
  await session.writes.delete(end, bare, 'remove');
  return (bare.metadata.finalizers ?? []).length === 0;
}

function isGone(error: unknown): boolean {
  return error instanceof SlipwayError && error.code === 'SLW-KUB-006';
}
