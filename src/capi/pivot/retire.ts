/** RETIRE: the source is given up. A disposable one is only marked; from any other what moved is removed, never deprovisioned. */
import { SlipwayError } from '../../core/errors.ts';
import { formatRef, refOf } from '../../kube/types.ts';
import { runHooks } from './hooks.ts';
import { awakeClusters } from './quiesce.ts';
import { removeObjects } from './remove.ts';
import type { Session } from './session.ts';
import { type Ground, readWorld } from './world.ts';

/** @throws SLW-PIV-016, SLW-PIV-017 */
export async function retire(session: Session, readGround: () => Promise<Ground>): Promise<void> {
  if (!session.transaction.disposableSource) await removeOriginals(session, await readGround());
  await runHooks(session, 'after-retire');
  await session.save({ stage: 'retired', phase: 'retire' }, 'retire');
}

async function removeOriginals(session: Session, ground: Ground): Promise<void> {
  await session.save({ stage: 'retiring', phase: 'retire' });
  const world = await readWorld(ground, session.transaction, session.signal);
  const [awake] = awakeClusters(world);
  if (awake)
    throw new SlipwayError('SLW-PIV-016', `${formatRef(refOf(awake))} on ${world.from.name} is no longer paused`, {
      object: formatRef(refOf(awake)),
    });
  const originals = world.going.filter(({ verdict }) => verdict === 'moves').map(({ object }) => object);
  await removeObjects(session, 'source', { objects: originals, inventory: world.inventory });
}
