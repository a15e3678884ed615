/** Everything up to COMMIT. Called again after any interruption it does the same again, and finds most of it done. */
import type { PivotPlan } from './plan.ts';
import { buildPlan, planDigest } from './build-plan.ts';
import { Copying, pruneCopies } from './copy.ts';
import { fence } from './fence.ts';
import { runHooks } from './hooks.ts';
import { sealNamespaces } from './namespaces.ts';
import type { Opened } from './opening.ts';
import { type Expectations, preflight, refusalErrors } from './preflight.ts';
import { isClusterKind } from './pausing.ts';
import { quiesce } from './quiesce.ts';
import { removeObjects } from './remove.ts';
import type { Session } from './session.ts';
import { copyStatuses, sealCopies, statusCopier } from './status-copy.ts';
import { readStanding } from './target-checks.ts';
import { newTransaction } from './transaction.ts';
import { isUntouched, verify } from './verify.ts';
import { type Ground, readWorld, type World } from './world.ts';

/** @throws SLW-PIV-001 and those of the phases */
export async function prepare(opened: Opened): Promise<PivotPlan> {
  const ground = await opened.ground();
  const { plan, ...still } = await untilStill(opened, ground);
  await transfer({ session: opened.session, ground, ...still });
  return plan;
}

interface Still {
  readonly plan: PivotPlan;
  /** As it stands under the fence. */
  readonly world: World;
  readonly expectations: Expectations;
}

/** The first look at both worlds is let go here: they are the larger part of the memory a pivot needs. */
async function untilStill(opened: Opened, ground: Ground): Promise<Still> {
  const { session, current } = opened;
  const world = await readWorld(ground, current ?? session.options, session.signal);
  const standing = await readStanding(world, session.signal);
  const plan = await buildPlan(session.options, { world, standing, current });
  if (plan.refusals.length > 0) throw refusalErrors(plan.refusals);
  for (const note of plan.notes) session.note(note);
  await begin(opened, world);
  const expectations = await session.phase('preflight', () => preflight(session, world, standing));
  await session.phase('quiesce', () => quiesce(session, ground, world));
  return { plan, expectations, world: await session.phase('fence', () => fence(session, ground, world)) };
}

async function begin({ session, current, stored }: Opened, world: World): Promise<void> {
  if (current) {
    await session.save({ planDigest: planDigest(world) }, 'claim');
    return;
  }
  const { options } = session;
  await session.begin(
    {
      ...newTransaction({
        runId: options.host.random.uuid(),
        holder: session.holder,
        source: { name: world.from.name, uid: world.from.uid },
        target: { name: world.to.name, uid: world.to.uid },
        disposableSource: options.disposableSource,
        ...(options.namespaces && { namespaces: options.namespaces }),
        ...(options.clusters && { clusters: options.clusters }),
      }),
      planDigest: planDigest(world),
    },
    { source: stored.source?.object, target: stored.target?.object },
  );
}

interface Transfer {
  readonly session: Session;
  readonly ground: Ground;
  readonly world: World;
  readonly expectations: Expectations;
}

async function transfer({ session, ground, world, expectations }: Transfer): Promise<void> {
  const copying = await session.phase('copy', () => copyAll(session, world));
  const options = { session, to: 'target' as const, world, copying };
  await session.phase('status', async () => {
    await session.save({ phase: 'status' });
    await copyStatuses(options);
    await sealCopies(options);
    await sealNamespaces(session);
  });
  await session.phase('verify', async () => {
    await session.save({ phase: 'verify' });
    const reread = (): Promise<World> => readWorld(ground, session.transaction, session.signal);
    const untouched = (): Promise<boolean> => isUntouched(world, session.transaction, session.signal);
    await verify(session, { world, copying, expectations, reread, isUntouched: untouched });
  });
  await runHooks(session, 'before-commit');
  await session.phase('commit', () => session.save({ stage: 'committed', phase: 'commit' }, 'commit'));
}

async function copyAll(session: Session, world: World): Promise<Copying> {
  const standing = await readStanding(world, session.signal);
  const options = { session, to: 'target' as const, inventory: world.inventory, standing };
  await pruneCopies({ ...options, going: world.going }, (objects) => removeObjects(session, 'target', { objects, inventory: standing }));
  const copyStatus = statusCopier(session, 'target', world.inventory);
  const copying = new Copying({
    ...options,
    // Not of a Cluster: once that says it is provisioned, controllers ask for its kubeconfig, which comes later.
    onPlaced: async (entry, placed) => (isClusterKind(entry.object) ? placed : copyStatus(entry, placed)),
  });
  const total = world.going.length;
  await copying.copy(world.going, (done) => session.options.report({ type: 'progress', phase: 'copy', done, total }));
  return copying;
}
