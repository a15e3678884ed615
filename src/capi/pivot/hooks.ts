/** The caller's hooks at their points: recorded before they run, run again when they were not finished, undone last first. */
import type { HookPoint } from './options.ts';
import type { Session } from './session.ts';

export async function runHooks(session: Session, at: HookPoint): Promise<void> {
  for (const hook of session.options.hooks ?? []) {
    if (hook.at !== at || session.transaction.hooksDone.includes(hook.name)) continue;
    const { hooksBegun } = session.transaction;
    if (!hooksBegun.includes(hook.name)) await session.save({ hooksBegun: [...hooksBegun, hook.name] });
    await hook.run(session.signal);
    await session.save({ hooksDone: [...session.transaction.hooksDone, hook.name] });
  }
}

/** A hook that was begun by another process and is not given to this one is only noted. */
export async function undoHooks(session: Session): Promise<void> {
  for (const name of session.transaction.hooksBegun.toReversed()) {
    const hook = session.options.hooks?.find((candidate) => candidate.name === name);
    if (!hook)
      session.note({
        reason: 'hook-not-undone',
        object: name,
        message: `hook ${name} was begun and is not known here, so it is not undone`,
      });
    await hook?.undo?.(session.signal);
    await session.save({
      hooksBegun: session.transaction.hooksBegun.filter((begun) => begun !== name),
      hooksDone: session.transaction.hooksDone.filter((done) => done !== name),
    });
  }
}
