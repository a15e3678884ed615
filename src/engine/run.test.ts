import { describe, expect, it } from 'vitest';
import { flaky, forgetEvents, host, journal, ledger, lines, once, run, setLedger, tick, told } from '../../test/support/engine-run.ts';
import { change, ledgerOf, plainStep } from '../../test/support/plain-step.ts';
import { SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { foldLedger } from './ledger.ts';
import { makePlan } from './plan.ts';
import type { SlipwayEvent } from './events.ts';
import type { Change, Step } from './step.ts';

describe('a run', () => {
  it('tells its story in order, durable before shown, and journals all of it', async () => {
    const outcome = await run([once('a', { verify: async () => undefined, intent: async () => ({ choices: { port: 1 } }) })]);
    expect(outcome).toMatchObject({ status: 'done', exit: 0, changed: 1, failures: [], skipped: [] });
    expect(lines()).toEqual([
      'run.started',
      'plan.made',
      'step.started a',
      'step.intended a',
      'step.started a',
      'step.applied a',
      'step.started a',
      'step.verified a',
      'run.finished',
    ]);
    expect([...journal.read()].map((row) => row.type)).toEqual([
      'run.started',
      'plan.made',
      'step.intended',
      'step.applied',
      'step.verified',
      'run.finished',
    ]);
    expect([...journal.read()].every((row) => row.run === outcome.run)).toBe(true);
    expect(foldLedger(journal.read())).toEqual(ledger);
    expect(ledger.get('a')).toMatchObject({ state: 'applied', outputs: { made: 'a' }, intent: { choices: { port: 1 } } });
  });

  it('applies only what is durable: the act sees its intent in the journal', async () => {
    let types: string[] = [];
    await run([once('a', { apply: async () => ((types = [...journal.read()].map((row) => row.type)), {}) })]);
    expect(types).toEqual(['run.started', 'plan.made', 'step.intended']);
  });

  it('does nothing the second time but verify', async () => {
    let verified = 0;
    const steps = [once('a', { verify: async () => void verified++ })];
    await run(steps);
    forgetEvents();
    expect(await run(steps)).toMatchObject({ status: 'done', changed: 0 });
    expect(verified).toBe(2);
    expect(lines()).toEqual([
      'run.started',
      'plan.made',
      'step.started a',
      'step.unchanged a',
      'step.started a',
      'step.verified a',
      'run.finished',
    ]);
  });

  it('hands outputs to those that need them', async () => {
    const seen: unknown[] = [];
    await run([
      once('a'),
      once('b', { needs: ['a'], apply: async (context) => (seen.push(context.outputs('a'), context.outputs('nobody')), {}) }),
    ]);
    expect(seen).toEqual([{ made: 'a' }, undefined]);
  });

  it('keeps an older undo record and choices when a later intent does not mention them', async () => {
    setLedger(ledgerOf({ step: 'a', intent: { undo: { handler: 'h', data: 1, title: 't' }, choices: { port: 1, token: 'x' } } }));
    await run([plainStep('a', { change: () => change('update'), intent: async () => ({ choices: { port: 2 } }) })]);
    expect(ledger.get('a')?.intent).toEqual({ undo: { handler: 'h', data: 1, title: 't' }, choices: { port: 2, token: 'x' } });
  });

  it('brings recorded needs up to date in one commit without touching the world', async () => {
    setLedger(ledgerOf({ step: 'b', outputs: { kept: true } }));
    const steps = [
      plainStep('a', { change: () => change('none') }),
      plainStep('b', { needs: ['a'], change: () => change('none'), apply: () => Promise.reject(new Error('touched')) }),
    ];
    expect(await run(steps)).toMatchObject({ status: 'done', changed: 0 });
    expect(ledger.get('b')).toMatchObject({ state: 'applied', needs: ['a'], outputs: { kept: true } });
  });

  it('works on a bounded number at a time', async () => {
    let [running, most] = [0, 0];
    const apply = async (): Promise<Record<string, never>> => {
      most = Math.max(most, ++running);
      await tick();
      running--;
      return {};
    };
    await run(
      Array.from({ length: 12 }, (_, index) => plainStep(`s${index}`, { apply })),
      { parallel: 3 },
    );
    expect(most).toBe(3);
  });
});

describe('a failing step', () => {
  it('stops what depends on it and nothing else', async () => {
    const steps = [
      plainStep('bad', { apply: () => Promise.reject(new SlipwayError('SLW-ENG-011', 'too slow')) }),
      once('after', { needs: ['bad'] }),
      once('later', { needs: ['after'] }),
      once('free'),
    ];
    const outcome = await run(steps);
    expect(outcome).toMatchObject({ status: 'failed', exit: 1, changed: 1, skipped: ['after', 'later'], failures: [{ step: 'bad' }] });
    expect(told('step.failed')).toMatchObject([
      { step: 'bad', phase: 'apply', attempt: 1, error: { code: 'SLW-ENG-011', message: 'too slow' } },
    ]);
    expect(told('step.skipped').map((event) => ('step' in event ? event.step : ''))).toEqual(['after', 'later']);
    expect([...ledger].map(([step, record]) => `${step} ${record.state}`)).toEqual(['bad intended', 'free applied']);
  });

  it('gives the exit of the first in the order of the plan, whichever failed first', async () => {
    const steps = [
      plainStep('slow', { apply: async () => (await tick(), Promise.reject(new SlipwayError('SLW-ENG-009', 'exit 65'))) }),
      plainStep('fast', { apply: () => Promise.reject(new SlipwayError('SLW-ENG-011', 'exit 1')) }),
    ];
    expect(await run(steps)).toMatchObject({ exit: 65, failures: [{ step: 'slow' }, { step: 'fast' }] });
  });

  it('is a bug with exit 70 when it threw something without a code, and never a stack', async () => {
    expect(await run([plainStep('a', { apply: () => Promise.reject(new TypeError('x is undefined')) })])).toMatchObject({
      status: 'failed',
      exit: 70,
    });
    expect(JSON.stringify(told('step.failed'))).not.toContain('run.test.ts');
  });

  it('may report several errors at once', async () => {
    const both = new SlipwayErrors([new SlipwayError('SLW-ENG-009', 'one'), new SlipwayError('SLW-ENG-011', 'two')]);
    expect(await run([plainStep('a', { verify: () => Promise.reject(both) })])).toMatchObject({ exit: 65 });
    expect(told('step.failed')).toMatchObject([{ error: { message: 'one' } }, { error: { message: 'two' } }]);
  });

  it('makes the run one that waits when a person must act', async () => {
    expect(await run([plainStep('a', { verify: () => Promise.reject(new SlipwayError('SLW-STA-008', 'add the key')) })])).toMatchObject({
      status: 'waiting',
      exit: 75,
    });
  });

  it('is at its bound when a wait timed out inside it', async () => {
    expect(await run([plainStep('a', { verify: () => Promise.reject(new DOMException('timed out', 'TimeoutError')) })])).toMatchObject({
      exit: 1,
      failures: [{ failure: { code: 'SLW-ENG-011' } }],
    });
  });

  it('that was not in the project is a bug, not a silence', async () => {
    const plan = await makePlan(
      { project: 'demo', verb: 'up', steps: [plainStep('a')], undoHandlers: new Map() },
      { host, signal: new AbortController().signal, timeoutMs: 1, ledger, report: () => undefined },
    );
    await expect(run([], { plan })).rejects.toThrow('the project has not');
  });
});

describe('retries', () => {
  it('repeat what may succeed later, with growing waits of the injected clock', async () => {
    expect(await run([plainStep('a', { apply: flaky(3) })])).toMatchObject({ status: 'done', changed: 1 });
    expect(host.clock.sleeps).toEqual([100, 200, 400]);
    expect(told('step.failed')).toMatchObject([
      { attempt: 1, retryInMs: 100 },
      { attempt: 2, retryInMs: 200 },
      { attempt: 3, retryInMs: 400 },
    ]);
  });

  it('observe again before they act again, and may choose anew', async () => {
    const chosen: unknown[] = [];
    const step = plainStep('a', {
      apply: flaky(1),
      intent: async (_observed, _change, context) => ({
        choices: { port: 4000 + chosen.push(context.record?.intent.choices?.['port'] ?? 'none') },
      }),
    });
    await run([step]);
    expect(chosen).toEqual(['none', 4001]);
    expect(ledger.get('a')?.intent.choices).toEqual({ port: 4002 });
  });

  it('honour what the server asks for', async () => {
    await run([plainStep('a', { apply: flaky(1, { retryAfterMs: 7000 }) })]);
    expect(host.clock.sleeps).toEqual([7000]);
  });

  it('end after the last attempt', async () => {
    expect(await run([plainStep('a', { apply: flaky(99) })])).toMatchObject({ status: 'failed', exit: 1 });
    expect(told('step.failed').at(-1)).toMatchObject({ attempt: 6 });
    expect(told('step.failed').at(-1)).not.toHaveProperty('retryInMs');
  });

  it('end at the bound of a wait', async () => {
    expect(await run([plainStep('a', { apply: flaky(99, { retryAfterMs: 40_000 }) })])).toMatchObject({ status: 'failed' });
    expect(host.clock.sleeps).toEqual([40_000]);
  });

  it('of verify do not act again', async () => {
    let acts = 0;
    const verify = flaky(2);
    await run([once('a', { apply: async () => (acts++, {}), verify: async () => void (await verify()) })]);
    expect(acts).toBe(1);
  });

  it('go on as an update when the first attempt left half of what was announced', async () => {
    let round = 0;
    const kinds: Change[] = [
      change('deferred', { announces: { Pod: 2 } }),
      change('create', { details: [{ object: 'Pod/a', kind: 'create' }] }),
      change('update'),
    ];
    expect(await run([plainStep('a', { change: () => kinds[round++] as Change, apply: flaky(1) })])).toMatchObject({ status: 'done' });
  });
});

it('stops a step that turns out to be more than its plan, without a trace in the ledger', async () => {
  let round = 0;
  const kinds = [change('update'), change('replace')];
  expect(await run([plainStep('a', { change: () => kinds[round++] as Change })])).toMatchObject({
    status: 'failed',
    exit: 75,
    changed: 0,
    failures: [{ failure: { code: 'SLW-ENG-007' } }],
  });
  expect(ledger.size).toBe(0);
});

describe('cancelling', () => {
  it('begins nothing new, waits for what runs, and says so', async () => {
    const cancel = new AbortController();
    const steps = [once('a', { apply: async () => (cancel.abort(), await tick(), { made: 1 }) }), once('b', { needs: ['a'] })];
    expect(await run(steps, { signal: cancel.signal })).toMatchObject({ status: 'cancelled', exit: 130, failures: [] });
    expect(ledger.get('a')).toMatchObject({ state: 'applied', outputs: { made: 1 } });
    expect(ledger.has('b')).toBe(false);
    expect(told('run.finished')).toMatchObject([{ status: 'cancelled', exit: 130 }]);
  });

  it('reaches the step through its signal; what it throws then is no failure', async () => {
    const cancel = new AbortController();
    const apply: Step['apply'] = (context) =>
      new Promise((_resolve, reject) => {
        context.signal.addEventListener('abort', () => reject(context.signal.reason));
        queueMicrotask(() => cancel.abort());
      });
    expect(await run([plainStep('a', { apply })], { signal: cancel.signal })).toMatchObject({ status: 'cancelled', failures: [] });
    expect(told('step.failed')).toEqual([]);
    expect(ledger.get('a')?.state).toBe('intended');
  });

  it('before the first step does nothing', async () => {
    expect(await run([once('a')], { signal: AbortSignal.abort() })).toMatchObject({ status: 'cancelled', exit: 130, changed: 0 });
    expect(ledger.size).toBe(0);
  });

  it.each(['up', 'down'] as const)('between intent and act of %s does not act', async (verb) => {
    const cancel = new AbortController();
    const acts: string[] = [];
    if (verb === 'down') setLedger(ledgerOf({ step: 'a' }));
    const undoHandlers = new Map([['undo', { undo: async () => void acts.push('undo') }]]);
    const emit = (event: SlipwayEvent): void => (event.type === 'step.intended' ? cancel.abort() : undefined);
    const steps = verb === 'up' ? [plainStep('a', { apply: async () => (acts.push('apply'), {}) })] : [];
    expect(await run(steps, { verb, undoHandlers, signal: cancel.signal, emit })).toMatchObject({ status: 'cancelled' });
    expect(acts).toEqual([]);
    expect(ledger.get('a')?.state).toBe('intended');
  });

  it('does not retry', async () => {
    const cancel = new AbortController();
    const fail = flaky(9);
    expect(await run([plainStep('a', { apply: () => (cancel.abort(), fail()) })], { signal: cancel.signal })).toMatchObject({
      status: 'cancelled',
      exit: 130,
    });
    expect(host.clock.sleeps).toEqual([]);
  });

  it('twice leaves what runs to itself; it can write nothing any more', async () => {
    const detach = new AbortController();
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    const steps = [plainStep('a', { apply: async () => (detach.abort(), await gate, { late: true }) })];
    expect(await run(steps, { detach: detach.signal })).toMatchObject({ status: 'detached', exit: 130 });
    const rows = [...journal.read()].length;
    release();
    await tick();
    expect([...journal.read()]).toHaveLength(rows);
    expect(ledger.get('a')?.state).toBe('intended');
    expect(lines().at(-1)).toBe('run.finished');
  });
});
