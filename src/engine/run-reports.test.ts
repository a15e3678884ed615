import { beforeEach, describe, expect, it } from 'vitest';
import { events, flaky, host, journal, ledger, lines, once, run, setLedger, told } from '../../test/support/engine-run.ts';
import type { MemoryJournal } from '../../test/support/memory-journal.ts';
import { change, ledgerOf, plainStep } from '../../test/support/plain-step.ts';
import { SlipwayError } from '../core/errors.ts';
import { Redactor } from '../core/redaction.ts';
import { foldLedger } from './ledger.ts';
import type { Step, UndoHandler } from './step.ts';

describe('a journal that fails', () => {
  it('ends the run at once with its own error', async () => {
    const full = new SlipwayError('SLW-STA-006', 'no room');
    let appends = 0;
    let acts = 0;
    const failing = {
      append: (...entries: Parameters<MemoryJournal['append']>) => (++appends > 1 ? Promise.reject(full) : journal.append(...entries)),
    };
    const steps = [plainStep('a', { apply: async () => (acts++, {}) }), plainStep('b', { apply: async () => (acts++, {}) })];
    await expect(run(steps, { journal: failing, parallel: 1 })).rejects.toBe(full);
    expect([acts, appends]).toEqual([0, 2]);
  });
});

describe('reports of a step', () => {
  it('become events with its id; waits say for how long', async () => {
    const apply: Step['apply'] = async ({ report }) => {
      report({ type: 'progress', message: 'half', done: 1, total: 2 });
      const wait = { type: 'waiting', object: 'Pod/x', reason: 'Pending', message: 'no node', boundMs: 5000 } as const;
      report(wait);
      host.clock.advance(1500);
      report(wait);
      report({ type: 'log', source: 'etcd', line: 'ready' });
      report({ type: 'finding', level: 'warning', code: 'X', message: 'look' });
      return {};
    };
    await run([plainStep('a', { apply })]);
    expect(told('step.progress')).toMatchObject([{ step: 'a', message: 'half', done: 1, total: 2 }]);
    expect(told('step.waiting')).toMatchObject([
      { forMs: 0, boundMs: 5000 },
      { forMs: 1500, object: 'Pod/x' },
    ]);
    expect(told('step.log')).toMatchObject([{ source: 'etcd', line: 'ready' }]);
    expect([...journal.read()].filter((row) => row.type === 'step.finding')).toHaveLength(1);
  });

  it('come with a heartbeat at least every 30 s, and none after the end', async () => {
    await run([plainStep('a', { apply: async () => (host.clock.advance(61_000), {}) })]);
    expect(told('heartbeat').length).toBeGreaterThanOrEqual(2);
    expect(told('heartbeat')[0]).toMatchObject({ running: ['a'] });
    const count = events.length;
    host.clock.advance(100_000);
    expect(events).toHaveLength(count);
  });

  it('never show a registered secret', async () => {
    const redactor = new Redactor();
    redactor.add('hunter2-hunter2');
    const apply: Step['apply'] = async ({ report }) => {
      report({ type: 'log', source: 's', line: 'token hunter2-hunter2' });
      report({ type: 'finding', level: 'info', message: 'hunter2-hunter2' });
      throw new SlipwayError('SLW-ENG-011', 'refused hunter2-hunter2');
    };
    await run([plainStep('a', { apply })], { redactor });
    expect(JSON.stringify(events)).not.toContain('hunter2');
    expect(JSON.stringify(events)).toContain('•••');
  });

  it.each([
    ['intent', { intent: async () => ({ choices: { path: '/home/hunter2-hunter2' } }) }],
    ['outputs', { apply: async () => ({ token: 'hunter2-hunter2' }) }],
  ] as const)('and %s with a secret stop the step', async (_what, more) => {
    const redactor = new Redactor();
    redactor.add('hunter2-hunter2');
    expect(await run([plainStep('a', more)], { redactor })).toMatchObject({
      status: 'failed',
      exit: 65,
      failures: [{ failure: { code: 'SLW-ENG-010' } }],
    });
    expect(JSON.stringify([...journal.read()])).not.toContain('hunter2');
  });
});

describe('going down', () => {
  const undone: string[] = [];
  const handler = (more: Partial<UndoHandler> = {}): UndoHandler => ({
    undo: async (context) => void undone.push(context.record.step),
    ...more,
  });
  beforeEach(() => void undone.splice(0));
  const chain = [{ step: 'a' }, { step: 'b', needs: ['a'] }, { step: 'c', needs: ['b'] }];

  it('undoes the ledger, users first, and leaves it empty', async () => {
    setLedger(ledgerOf(...chain, { step: 'mute', intent: {} }));
    expect(await run([], { verb: 'down', undoHandlers: new Map([['undo', handler()]]) })).toMatchObject({ status: 'done', changed: 3 });
    expect(undone).toEqual(['c', 'b', 'a']);
    expect(ledger.size).toBe(0);
    expect(lines().filter((line) => line.startsWith('step.undone') || line.startsWith('step.forgotten'))).toHaveLength(4);
  });

  it('marks the act before it acts, so that an up after a crash knows', async () => {
    setLedger(ledgerOf({ step: 'a', outputs: { port: 1 } }));
    await run([], {
      verb: 'down',
      undoHandlers: new Map([['undo', handler({ undo: () => Promise.reject(new SlipwayError('SLW-ENG-011', 'stuck')) })]]),
    });
    expect(foldLedger(journal.read()).get('a')).toMatchObject({ state: 'intended' });
    expect(ledger.get('a')).toMatchObject({ state: 'intended', outputs: { port: 1 } });
  });

  it('goes on past failures of what is independent, and keeps what it could not undo with all it stands on', async () => {
    const strange = { step: 'strange', intent: { undo: { handler: 'from-the-future', data: null, title: 'x' } } };
    setLedger(ledgerOf(...chain, { step: 'free' }, strange));
    const failing = handler({
      undo: async ({ record }) =>
        record.step === 'b' ? Promise.reject(new SlipwayError('SLW-ENG-011', 'stuck')) : void undone.push(record.step),
    });
    const outcome = await run([], { verb: 'down', undoHandlers: new Map([['undo', failing]]) });
    expect(undone.toSorted()).toEqual(['c', 'free']);
    expect([...ledger.keys()]).toEqual(['a', 'b', 'strange']);
    expect(outcome.failures.map(({ failure }) => (failure instanceof SlipwayError ? failure.code : '')).toSorted()).toEqual([
      'SLW-ENG-009',
      'SLW-ENG-011',
    ]);
    expect(outcome).toMatchObject({ status: 'failed', skipped: ['a'] });
  });

  it('retries, and gives handlers the other records and the options of the verb', async () => {
    setLedger(ledgerOf({ step: 'a' }, { step: 'b' }));
    const fail = flaky(2);
    const seen: unknown[] = [];
    const undo: UndoHandler['undo'] = async (context) => {
      await fail();
      seen.push([context.record.step, [...context.records().keys()], context.options]);
    };
    expect(
      await run([], { verb: 'down', undoOptions: { prune: true }, parallel: 1, undoHandlers: new Map([['undo', { undo }]]) }),
    ).toMatchObject({ status: 'done' });
    expect(seen).toEqual([
      ['a', ['b'], { prune: true }],
      ['b', [], { prune: true }],
    ]);
  });

  it('is part of an up when a document left the project', async () => {
    setLedger(ledgerOf({ step: 'gone' }));
    expect(await run([once('stays')], { undoHandlers: new Map([['undo', handler()]]) })).toMatchObject({ status: 'done', changed: 2 });
    expect(undone).toEqual(['gone']);
    expect([...ledger.keys()]).toEqual(['stays']);
  });

  it('does not take away what a failed step still uses', async () => {
    setLedger(ledgerOf({ step: 'gone' }, { step: 'user', needs: ['gone'] }));
    const user = plainStep('user', {
      change: () => change('update'),
      apply: () => Promise.reject(new SlipwayError('SLW-ENG-011', 'stuck')),
    });
    expect(await run([user], { undoHandlers: new Map([['undo', handler()]]) })).toMatchObject({ status: 'failed', skipped: ['gone'] });
    expect(undone).toEqual([]);
  });
});
