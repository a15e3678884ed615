/** Hooks of destruction: what the journal must hold of them, and the handler that runs them when their mark is undone. */
import type { Value } from '../../config/references.ts';
import type { HookMoment, ResolvedHook } from '../../config/resolved-hooks.ts';
import type { Json } from '../../core/digest.ts';
import type { Intent, UndoContext, UndoHandler, UndoHandlers } from '../../engine/step.ts';
import type { WorkContext } from '../work-context.ts';
import { givenBy } from './given.ts';
import { runHook } from './program.ts';

const RUN_HOOKS = 'hook/run';

interface Place {
  readonly subject: string;
  readonly moment: HookMoment;
  readonly project: string;
}

/** Hooks as the journal has them: no secret, because values that come from elsewhere stay references. */
interface KeptHooks {
  readonly project: string;
  readonly hooks: readonly (Omit<ResolvedHook, 'env'> & { readonly env: readonly (readonly [string, Value])[] })[];
}

export function hookIntent(hooks: readonly ResolvedHook[], { subject, moment, project }: Place): Pick<Intent, 'undo'> {
  if (hooks.length === 0) return {};
  const kept: KeptHooks = { project, hooks: hooks.map((hook) => ({ ...hook, env: [...hook.env] })) };
  const when = moment === 'beforeDestroy' ? 'before' : 'after';
  const title = `run ${hooks.map(({ name }) => name).join(', ')} ${when} destroying ${subject}`;
  return { undo: { handler: RUN_HOOKS, title, data: kept as unknown as Json } };
}

export function hookUndoHandlers(context: WorkContext): UndoHandlers {
  const handler: UndoHandler = {
    plan: ({ record }) => Promise.resolve({ kind: 'update', summary: record.intent.undo?.title ?? 'run hooks' }),
    undo: (undo) => runKept(undo, context),
  };
  return new Map([[RUN_HOOKS, handler]]);
}

async function runKept(undo: UndoContext, { redactor, stateDir, outputs }: WorkContext): Promise<void> {
  const { record, host, signal, report } = undo;
  const { project, hooks } = (record.intent.undo?.data ?? { project: '', hooks: [] }) as unknown as KeptHooks;
  const { subject } = record;
  for (const { env, ...hook } of hooks) {
    signal.throwIfAborted();
    const run = { ...{ host, redactor, project, stateDir, subject, signal, report, outputs }, given: givenBy(subject, undo.records()) };
    await runHook({ ...hook, env: new Map(env) }, run);
  }
}
