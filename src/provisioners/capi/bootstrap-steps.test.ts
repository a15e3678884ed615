import { describe, expect, it } from 'vitest';
import { plainStep } from '../../../test/support/plain-step.ts';
import type { Outputs, Step, StepContext, StepRecord } from '../../engine/step.ts';
import { createNodeHost } from '../../host/node.ts';
import { untilTakenOver } from './bootstrap-steps.ts';
import { knownBefore } from './known-before.ts';

const record = (state: StepRecord['state']): StepRecord => ({
  step: 'x',
  state,
  subject: 'Cluster/mgmt',
  needs: [],
  intent: {},
  outputs: { made: 'before' },
});

function contextOf(outputs: Readonly<Record<string, Outputs>>, known?: StepRecord): StepContext {
  return {
    host: createNodeHost(),
    signal: new AbortController().signal,
    timeoutMs: 1000,
    outputs: (step) => outputs[step],
    record: known,
    report: () => undefined,
  };
}

interface Act {
  readonly kind: string;
  readonly outputs: Outputs;
  readonly acted: readonly string[];
}

/** Observe, change, apply and verify as the engine calls them. */
async function act(make: (step: Step) => Step, context: StepContext, inner: Partial<Step> = {}): Promise<Act> {
  const acted: string[] = [];
  const note = (word: string) => {
    acted.push(word);
  };
  const step = make(
    plainStep('x', {
      observe: async () => (note('observe'), { ports: 3 }),
      apply: async ({ observed }) => (note('apply'), { made: observed as never }),
      verify: async () => note('verify'),
      ...inner,
    }),
  );
  const observed = await step.observe(context);
  const change = step.change(observed);
  const outputs = await step.apply({ ...context, observed, change, intent: {} });
  await step.verify?.(context);
  return { kind: change.kind, outputs, acted };
}

const wrap = (step: Step): Step => untilTakenOver(step, 'mgmt');

describe('a step of a bootstrap cluster', () => {
  it('does its work until the management cluster took over', async () => {
    const result = await act(wrap, contextOf({}));
    expect(result).toEqual({ kind: 'create', outputs: { made: { ports: 3 } }, acted: ['observe', 'apply', 'verify'] });
  });

  it.each([
    ['the pivot is done', { 'capi/pivot/mgmt': { moved: true } }],
    ['the bootstrap is retired', { 'capi/retire-bootstrap/mgmt': { retired: true } }],
  ])('has nothing to do any more once %s, and keeps its outputs', async (_title, outputs) => {
    const result = await act(wrap, contextOf(outputs, record('intended')));
    expect(result).toEqual({ kind: 'none', outputs: { made: 'before' }, acted: [] });
  });

  it('is not ended by the pivot of another cluster', async () => {
    expect((await act(wrap, contextOf({ 'capi/pivot/other': { moved: true } }))).kind).toBe('create');
  });
});

describe('a step that cannot look at its cluster now', () => {
  const deferred: Partial<Step> = { change: () => ({ kind: 'deferred', summary: 'install it', announces: { Deployment: 3 } }) };

  it('announces what it creates when it never ran', async () => {
    expect((await act(knownBefore, contextOf({}), deferred)).kind).toBe('deferred');
  });

  it('looks again when it ran before', async () => {
    expect((await act(knownBefore, contextOf({}, record('applied')), deferred)).kind).toBe('update');
  });

  it('gives the step itself what it observed', async () => {
    expect((await act(knownBefore, contextOf({}, record('applied')))).outputs).toEqual({ made: { ports: 3 } });
  });
});
