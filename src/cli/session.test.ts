import { describe, expect, it } from 'vitest';
import { type Code, codes } from '../core/codes.ts';
import { SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { exitMeanings } from '../core/exits.ts';
import type { Session } from './context.ts';
import { createFakeWorld, type FakeWorld, ProcessExit } from './fake-terminal.ts';
import type { GlobalFlags, OutputMode } from './flags.ts';
import { exitOf, guessFlags, runInvocation, stamp } from './session.ts';

const flags = (output?: OutputMode): GlobalFlags => ({ noColor: false, verbose: false, ...(output !== undefined && { output }) });

function start(
  world: FakeWorld,
  run: (session: Session) => Promise<number>,
  { command = 'up', output }: { readonly command?: string; readonly output?: OutputMode } = {},
): Promise<number> {
  return runInvocation({ command, flags: flags(output), run }, world);
}

const untilAborted = (session: Session): Promise<number> =>
  new Promise((_resolve, reject) => session.signal.addEventListener('abort', () => reject(session.signal.reason as Error), { once: true }));

describe('the exit code', () => {
  it.each(Object.entries(codes))('of %s is the registry’s', (code, entry) => {
    expect(exitOf(new SlipwayError(code as Code, 'x'))).toBe(entry.exit);
    expect(Object.keys(exitMeanings)).toContain(String(entry.exit));
  });

  it('of several errors is that of the first', () => {
    expect(exitOf(new SlipwayErrors([new SlipwayError('SLW-CLI-001', 'x'), new SlipwayError('SLW-BUG-001', 'y')]))).toBe(64);
  });

  it('of what has no name is 70, with SLW-BUG-001 on stderr', async () => {
    const world = createFakeWorld();
    expect(await start(world, () => Promise.reject(new TypeError('x is not a function')))).toBe(70);
    expect(world.text.stderr).toContain('error SLW-BUG-001: unexpected: x is not a function');
    expect(world.text.stdout).toBe('');
  });

  it('of what is thrown where nobody waits for it is 70, too', async () => {
    const world = createFakeWorld();
    const exit = start(world, untilAborted);
    world.fault(new TypeError('x is not a function'));
    expect(await exit).toBe(70);
    expect(world.text.stderr).toContain('error SLW-BUG-001: unexpected: x is not a function');
  });

  it('of a verb is what it returns', async () => {
    expect(await start(createFakeWorld(), () => Promise.resolve(2))).toBe(2);
  });
});

describe('signals', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('%s ends gracefully with %d and says what a second one does', async (name, code) => {
    const world = createFakeWorld();
    const exit = start(world, untilAborted);
    world.send(name);
    expect(await exit).toBe(code);
    expect(world.text.stderr).toContain('once more to detach');
    expect(world.text.stderr).not.toContain('SLW-');
  });

  it('the second detaches, the third ends at once', async () => {
    const world = createFakeWorld();
    const detached: boolean[] = [];
    const exit = start(
      world,
      (session) => new Promise((resolve) => session.detach.addEventListener('abort', () => (detached.push(true), resolve(1)))),
    );
    world.send('SIGINT');
    world.send('SIGINT');
    expect(() => world.send('SIGINT')).toThrow(ProcessExit);
    expect([await exit, detached]).toEqual([130, [true]]);
  });

  it('keep the code although the run ended by itself', async () => {
    const world = createFakeWorld();
    const exit = start(world, async (session) => untilAborted(session).catch(() => 1));
    world.send('SIGTERM');
    expect(await exit).toBe(143);
  });
});

describe('a reader that goes away', () => {
  it('ends what only shows', async () => {
    const world = createFakeWorld();
    const exit = start(world, untilAborted, { command: 'logs' });
    world.closeStdout();
    expect(await exit).toBe(0);
    expect(world.text.stderr).toBe('');
  });

  it('does not end what acts', async () => {
    const world = createFakeWorld();
    const exit = start(world, (session) => Promise.resolve(session.signal.aborted ? 1 : 0));
    world.closeStdout();
    expect(await exit).toBe(0);
  });
});

describe('json', () => {
  it('starts with the version, carries every word on stdout, and is NDJSON', async () => {
    const world = createFakeWorld({ isTerminal: true });
    await start(
      world,
      (session) => {
        session.say('prose is not for machines');
        session.emit(stamp(session, { type: 'finding', level: 'warning', message: 'm' }));
        session.result('plan', { a: 1 }, ['never seen']);
        throw new SlipwayError('SLW-CLI-003', 'no consent');
      },
      { output: 'json' },
    );
    const events = world.text.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { type: string });
    expect(events.map((event) => event.type)).toEqual(['version', 'finding', 'result', 'error']);
    expect(world.text.stderr).toBe('');
  });

  it('is guessed for a command line that could not be read', () => {
    expect([
      guessFlags(['up', '--output', 'json']).output,
      guessFlags(['up', '--output=json']).output,
      guessFlags(['up', '--output', 'x']).output,
    ]).toEqual(['json', 'json', undefined]);
  });
});

describe('secrets', () => {
  it.each(['plain', 'json', 'tty'] as const)('never pass a session: %s', async (output) => {
    const world = createFakeWorld({ isTerminal: output === 'tty' });
    world.redactor.add('hunter2-hunter2');
    await start(
      world,
      (session) => {
        session.say('the token is hunter2-hunter2');
        session.emit(stamp(session, { type: 'step.started', step: 'a/b/c', title: 'with hunter2-hunter2', subject: 's', phase: 'apply' }));
        session.emit(stamp(session, { type: 'finding', level: 'warning', message: 'hunter2-hunter2' }));
        world.pass(500);
        session.result('x', { secret: 'hunter2-hunter2', base64: Buffer.from('hunter2-hunter2').toString('base64') }, ['hunter2-hunter2']);
        throw new SlipwayError('SLW-CLI-002', 'bad hunter2-hunter2', { fix: 'not hunter2-hunter2', data: { deep: ['hunter2-hunter2'] } });
      },
      { output },
    );
    const everything = world.text.stdout + world.text.stderr;
    expect(everything).toContain('•••');
    expect(everything).not.toMatch(/hunter2|aHVudGVyMi/);
  });
});

describe('the heartbeat', () => {
  it('comes at least every 30 seconds while something runs in silence', async () => {
    const world = createFakeWorld();
    await start(world, (session) => {
      session.emit(stamp(session, { type: 'step.started', step: 'a/b/c', title: 't', subject: 's', phase: 'apply' }));
      world.pass(125_000);
      return Promise.resolve(0);
    });
    expect(world.text.stderr.match(/still working/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it('is silent when nothing runs', async () => {
    const world = createFakeWorld();
    await start(world, () => (world.pass(125_000), Promise.resolve(0)));
    expect(world.text.stderr).toBe('');
  });
});

describe('a live tree', () => {
  it('draws at most ten frames a second, shows the cursor again, and leaves the final tree', async () => {
    const world = createFakeWorld({ isTerminal: true });
    await start(world, (session) => {
      session.emit(stamp(session, { type: 'run.started', run: 'r', verb: 'up', project: 'demo', slipway: '0', planDigest: 'd' }));
      for (let i = 0; i < 500; i++) {
        session.emit(stamp(session, { type: 'step.started', step: `a/b/${i % 7}`, title: `t${i}`, subject: 's', phase: 'apply' }));
        if (i % 10 === 0) world.pass(100);
      }
      session.emit(
        stamp(session, {
          type: 'step.failed',
          step: 'a/b/1',
          phase: 'apply',
          attempt: 1,
          error: { code: 'SLW-BUG-001', message: 'broken', fix: 'f', retry: 'no' },
        }),
      );
      return Promise.resolve(1);
    });
    const { stderr } = world.text;
    expect(stderr.split('\x1b[?2026h').length - 1).toBeLessThanOrEqual(53);
    expect(stderr.lastIndexOf('\x1b[?25h')).toBeGreaterThan(stderr.lastIndexOf('\x1b[?25l'));
    expect(stderr.slice(stderr.lastIndexOf('\x1b[?2026h'))).toContain('SLW-BUG-001: broken');
  });
});
