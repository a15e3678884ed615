import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../host/node.ts';
import { commandHooks, type HookContext } from './pivot-hooks.ts';

const host = createNodeHost();
const never = new AbortController().signal;

function hookContext(timeoutMs = 30_000): HookContext & { readonly lines: string[] } {
  const lines: string[] = [];
  return {
    host,
    source: 'bootstrap',
    target: 'mgmt',
    timeoutMs,
    lines,
    onLine: (hook, line) => lines.push(`${hook.split('-')[0] ?? ''}: ${line}`),
  };
}

describe('commands around a pivot', () => {
  it('know the point and both clusters, and are heard', async () => {
    const context = hookContext();
    const hooks = commandHooks(
      {
        before: ['echo "$SLIPWAY_PIVOT_POINT $SLIPWAY_PIVOT_SOURCE $SLIPWAY_PIVOT_TARGET"; echo oops >&2'],
        after: ['echo "$SLIPWAY_PIVOT_POINT"'],
      },
      context,
    );
    for (const hook of hooks) await hook.run(never);
    expect(context.lines.toSorted()).toEqual(['after: after', 'before: before bootstrap mgmt', 'before: oops']);
    expect(hooks.map(({ at }) => at)).toEqual(['before-quiesce', 'after-release']);
  });

  it('have names that say nothing of the command and are the same again', () => {
    const names = (commands: readonly string[]): readonly string[] =>
      commandHooks({ before: commands, after: [] }, hookContext()).map(({ name }) => name);
    const [first, second] = names(['deploy --token hush', 'deploy --token hush']);
    expect(first).toMatch(/^before-1-[0-9a-f]{8}$/);
    expect(second).toMatch(/^before-2-[0-9a-f]{8}$/);
    expect(names(['deploy --token hush'])[0]).toBe(first);
    expect(names(['deploy --token other'])[0]).not.toBe(first);
  });

  it('fail with their code, without the command in the error', async () => {
    const [hook] = commandHooks({ before: ['echo hush; exit 3'], after: [] }, hookContext());
    await expect(hook?.run(never)).rejects.toMatchObject({
      code: 'SLW-PIV-041',
      message: expect.stringMatching(/^the hook before-1-[0-9a-f]{8} ended with code 3$/) as unknown,
    });
  });

  it('are ended at their bound', async () => {
    const [hook] = commandHooks({ before: ['exec sleep 60'], after: [] }, hookContext(50));
    await expect(hook?.run(never)).rejects.toMatchObject({
      code: 'SLW-PIV-041',
      message: expect.stringContaining('was ended by SIGTERM') as unknown,
    });
  });

  it('end with the run', async () => {
    const stop = new AbortController();
    const [hook] = commandHooks({ before: ['exec sleep 60'], after: [] }, hookContext());
    const running = hook?.run(stop.signal);
    stop.abort(new Error('enough'));
    await expect(running).rejects.toThrow('enough');
  });
});
