import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DurableEvent } from './events.ts';
import { eventOf, foldLedger, recordEvent } from './ledger.ts';
import type { StepRecord } from './step.ts';

const intended = (step: string, more: Partial<Extract<DurableEvent, { type: 'step.intended' }>> = {}): DurableEvent => ({
  type: 'step.intended',
  step,
  subject: 'Thing/x',
  title: 't',
  needs: [],
  change: { kind: 'create', summary: 's' },
  intent: {},
  ...more,
});
const applied = (step: string, outputs = {}): DurableEvent => ({ type: 'step.applied', step, outputs, ms: 1 });
const undone = (step: string): DurableEvent => ({ type: 'step.undone', step, ms: 1 });
const forgotten = (step: string): DurableEvent => ({ type: 'step.forgotten', step, reason: 'r' });
const rows = (...events: readonly (DurableEvent | { type: string })[]): { type: string; body: string }[] =>
  events.map((event) => ({ type: event.type, body: JSON.stringify(event) }));

describe('the ledger', () => {
  it('holds what was intended and applied, and drops what was undone or forgotten', () => {
    const ledger = foldLedger(
      rows(
        intended('a'),
        intended('b', { needs: ['a'], intent: { choices: { port: 1 } } }),
        applied('b', { url: 'u' }),
        intended('c'),
        undone('c'),
        intended('d'),
        forgotten('d'),
      ),
    );
    expect([...ledger.values()]).toEqual([
      { step: 'a', state: 'intended', subject: 'Thing/x', needs: [], intent: {}, outputs: {} },
      { step: 'b', state: 'applied', subject: 'Thing/x', needs: ['a'], intent: { choices: { port: 1 } }, outputs: { url: 'u' } },
    ]);
  });

  it('keeps the outputs of the last apply while the step is intended again', () => {
    expect(foldLedger(rows(intended('a'), applied('a', { port: 1 }), intended('a'))).get('a')).toMatchObject({
      state: 'intended',
      outputs: { port: 1 },
    });
  });

  it('passes over what it does not know, and an apply without an intent', () => {
    expect(foldLedger(rows({ type: 'moon.landed' }, { type: 'run.started' }, applied('ghost'))).size).toBe(0);
  });

  it('is the same folded at once or event by event, from any split of the journal', () => {
    const event = fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(intended, applied, undone, forgotten))
      .map(([step, make]) => make(step));
    fc.assert(
      fc.property(fc.array(event, { maxLength: 30 }), (events) => {
        const live = new Map<string, StepRecord>();
        for (const entry of events) recordEvent(live, entry);
        expect(foldLedger(rows(...events))).toEqual(live);
        for (const [step, record] of live) {
          const last = events.findLast((entry) => 'step' in entry && entry.step === step);
          expect(record.state).toBe(last?.type === 'step.intended' ? 'intended' : 'applied');
        }
      }),
    );
  });

  it('gives back a row as the event that was shown', () => {
    const row = {
      seq: 1,
      time: '2026-01-01T00:00:00.000Z',
      run: 'r',
      type: 'step.undone',
      step: 'a',
      body: JSON.stringify(undone('a')),
      prev: '',
      hash: '',
    };
    expect(eventOf(row)).toEqual({ type: 'step.undone', step: 'a', ms: 1, time: '2026-01-01T00:00:00.000Z' });
  });
});
