import { statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { change, ledgerOf, plainStep } from '../../test/support/plain-step.ts';
import { createVirtualHost, temporaryFolder } from '../../test/support/virtual-host.ts';
import { canonicalJson, type Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import type { PlanData } from './plan-data.ts';
import { parsePlan, readPlanFile, requireSamePlan, serializePlan, writePlanFile } from './plan-file.ts';
import { defaultParallel, isEmptyPlan, makePlan, type PlanEnvironment, type PlanRequest } from './plan.ts';
import type { Step, StepRecord, UndoHandler } from './step.ts';

const host = createVirtualHost();

function plan(request: Partial<PlanRequest>, environment: Partial<PlanEnvironment> = {}): Promise<PlanData> {
  return makePlan(
    { project: 'demo', verb: 'up', steps: [], undoHandlers: new Map(), ...request },
    { host, signal: new AbortController().signal, timeoutMs: 1000, ledger: new Map(), report: () => undefined, ...environment },
  );
}

const order = (made: PlanData): readonly string[] => made.steps.map((entry) => entry.step);

describe('the order of a plan', () => {
  it('respects needs and otherwise keeps the given order', async () => {
    const steps = [plainStep('z', { needs: ['m'] }), plainStep('b'), plainStep('m'), plainStep('a')];
    expect(order(await plan({ steps }))).toEqual(['m', 'z', 'b', 'a']);
  });

  it('respects needs in every graph, in up and in down', async () => {
    const graph = fc
      .integer({ min: 1, max: 10 })
      .chain((count) =>
        fc.tuple(
          fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
          fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 20 }),
        ),
      );
    await fc.assert(
      fc.asyncProperty(graph, async ([shuffled, edges]) => {
        const needs = (id: number): string[] => edges.filter(([from, to]) => from === id && to < from).map(([, to]) => `s${to}`);
        const steps = shuffled.map((id) => plainStep(`s${id}`, { needs: needs(id) }));
        const up = order(await plan({ steps }));
        const ledger = ledgerOf(...steps.map((step) => ({ step: step.id, needs: step.needs })));
        const down = order(await plan({ verb: 'down' }, { ledger }));
        expect([up.length, down.length]).toEqual([steps.length, steps.length]);
        for (const step of steps) {
          for (const need of step.needs) {
            expect(up.indexOf(need)).toBeLessThan(up.indexOf(step.id));
            expect(down.indexOf(need)).toBeGreaterThan(down.indexOf(step.id));
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('undoes what left the project only after the steps that used it have moved on', async () => {
    const ledger = ledgerOf({ step: 'gone' }, { step: 'user', needs: ['gone'] });
    expect(order(await plan({ steps: [plainStep('user')] }, { ledger }))).toEqual(['user', 'gone']);
  });

  it('plans a down even when needs that were recorded at different times form a circle', async () => {
    const ledger = ledgerOf({ step: 'a', needs: ['b'] }, { step: 'b', needs: ['a'] });
    expect(order(await plan({ verb: 'down' }, { ledger })).toSorted()).toEqual(['a', 'b']);
  });

  it('takes a long chain without running out of stack', async () => {
    const steps = Array.from({ length: 5000 }, (_, index) =>
      plainStep(`s${index}`, { needs: index === 0 ? [] : [`s${index - 1}`] }),
    ).reverse();
    expect((await plan({ steps })).steps[0]?.step).toBe('s0');
  });
});

describe('steps that make no graph', () => {
  it.each([
    ['a duplicate id', [plainStep('a'), plainStep('a')], 'SLW-ENG-001', 'a'],
    [
      'an unknown need, with the nearest name',
      [plainStep('start'), plainStep('b', { needs: ['strat'] })],
      'SLW-ENG-002',
      'did you mean start',
    ],
    [
      'a circle, with its path',
      [plainStep('a', { needs: ['c'] }), plainStep('b', { needs: ['a'] }), plainStep('c', { needs: ['b'] })],
      'SLW-ENG-003',
      'a needs c needs b needs a',
    ],
    ['a step that needs itself', [plainStep('a', { needs: ['a'] })], 'SLW-ENG-003', 'a needs a'],
  ])('give a code: %s', async (_what, steps, code, text) => {
    await expect(plan({ steps })).rejects.toMatchObject({ code, exit: 65, message: expect.stringContaining(text) });
  });

  it('are all reported at once', async () => {
    await expect(
      plan({ steps: [plainStep('a', { needs: ['x1'] }), plainStep('b', { needs: ['y2'] }), plainStep('a')] }),
    ).rejects.toMatchObject({ errors: { length: 3 } });
  });
});

describe('what a plan says', () => {
  it('counts kinds and names what is lost', async () => {
    const steps = [
      plainStep('a', { change: () => change('none') }),
      plainStep('b', { change: () => change('replace', { destroys: ['cluster-b'] }) }),
      plainStep('c', { change: () => change('update', { destroys: ['ignored: only replace and delete lose'] }) }),
    ];
    const undo = { handler: 'undo', data: null, title: 'delete network', destroys: 'net' };
    const made = await plan({ steps }, { ledger: ledgerOf({ step: 'gone', intent: { undo } }) });
    expect(made.counts).toEqual({ create: 0, update: 1, replace: 1, delete: 1, deferred: 0, none: 1 });
    expect(made.destroys).toEqual(['cluster-b', 'net']);
    expect(made.steps.at(-1)).toMatchObject({ step: 'gone', direction: 'down', title: 'delete network', change: { kind: 'delete' } });
    expect(isEmptyPlan(made)).toBe(false);
    expect(isEmptyPlan(await plan({ steps: steps.slice(0, 1) }))).toBe(true);
  });

  it('asks undo handlers what they would do, and plans the delete when they cannot say', async () => {
    const nothing: UndoHandler = { plan: async () => change('none', { summary: 'already gone' }), undo: async () => undefined };
    const failing: UndoHandler = {
      plan: () => Promise.reject(new SlipwayError('SLW-ENG-011', 'unreachable')),
      undo: async () => undefined,
    };
    const record = (step: string, handler: string): { step: string; intent: StepRecord['intent'] } => ({
      step,
      intent: { undo: { handler, data: null, title: `remove ${step}`, destroys: step } },
    });
    const reports: string[] = [];
    const made = await plan(
      {
        verb: 'down',
        undoHandlers: new Map([
          ['nothing', nothing],
          ['failing', failing],
        ]),
      },
      {
        ledger: ledgerOf(record('a', 'nothing'), record('b', 'failing'), record('c', 'unknown'), { step: 'd', intent: {} }),
        report: (step, report) => reports.push(`${step}: ${report.type}`),
      },
    );
    expect(Object.fromEntries(made.steps.map((entry) => [entry.step, entry.change.kind]))).toEqual({
      a: 'none',
      b: 'delete',
      c: 'delete',
      d: 'none',
    });
    expect(made.destroys).toEqual(['b', 'c']);
    expect(reports).toEqual(['b: finding']);
  });

  it('plans again what was interrupted although nothing seems to be missing', async () => {
    const steps = [plainStep('a', { change: () => change('none', { summary: 'up to date' }) })];
    const made = await plan({ steps }, { ledger: ledgerOf({ step: 'a', state: 'intended' }) });
    expect(made.steps[0]?.change).toEqual({ kind: 'update', summary: 'finish what was interrupted: up to date' });
  });

  it('shows outputs of the last apply, but not of what is undecided, lost or was never finished', async () => {
    const seen: Record<string, unknown> = {};
    const kinds = {
      kept: change('update'),
      lost: change('replace', { destroys: ['x'] }),
      undecided: change('deferred'),
      replaced: change('replace'),
    };
    const steps: Step[] = Object.entries(kinds).flatMap(([id, what]) => [
      plainStep(id, { change: () => what }),
      plainStep(`after-${id}`, { needs: [id], observe: async (context) => void (seen[id] = context.outputs(id)) }),
    ]);
    const ledger = ledgerOf(...Object.keys(kinds).map((step) => ({ step, outputs: { port: 1 } })), {
      step: 'begun',
      state: 'intended' as const,
    });
    steps.push(
      plainStep('begun'),
      plainStep('after-begun', { needs: ['begun'], observe: async (context) => void (seen['begun'] = context.outputs('begun')) }),
    );
    await plan({ steps }, { ledger });
    expect(seen).toEqual({ kept: { port: 1 }, replaced: { port: 1 }, lost: undefined, undecided: undefined, begun: undefined });
  });

  it('observes a bounded number at a time', async () => {
    let [running, most] = [0, 0];
    const observe = async (): Promise<void> => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
    };
    await plan({ steps: Array.from({ length: 20 }, (_, index) => plainStep(`s${index}`, { observe })) }, { parallel: 3 });
    expect(most).toBe(3);
    expect([defaultParallel(1), defaultParallel(2), defaultParallel(64)]).toEqual([2, 4, 8]);
  });
});

describe('observing that fails', () => {
  it('is tried again when that may help, else reported with all other failures', async () => {
    let calls = 0;
    const flaky = plainStep('flaky', {
      observe: async () => (++calls < 3 ? Promise.reject(new SlipwayError('SLW-ENG-011', 'slow', { retry: 'backoff' })) : null),
    });
    expect((await plan({ steps: [flaky] })).steps).toHaveLength(1);
    const broken = ['x', 'y'].map((id) => plainStep(id, { observe: () => Promise.reject(new SlipwayError('SLW-ENG-011', `no ${id}`)) }));
    await expect(plan({ steps: broken })).rejects.toMatchObject({ errors: [{ message: 'no x' }, { message: 'no y' }] });
    await expect(plan({ steps: broken.slice(0, 1) })).rejects.toMatchObject({ code: 'SLW-ENG-011' });
  });

  it('ends at once when cancelled', async () => {
    await expect(plan({ steps: [plainStep('a')] }, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
  });
});

describe('--only', () => {
  const steps = [plainStep('net'), plainStep('cluster', { needs: ['net'] }), plainStep('apps', { needs: ['cluster'] }), plainStep('other')];
  const ledger = ledgerOf(...steps.map((step) => ({ step: step.id, needs: step.needs })));

  it('takes along what is needed, going up', async () => {
    expect(order(await plan({ steps, only: ['Thing/cluster'] }))).toEqual(['net', 'cluster']);
  });

  it('takes along what depends, going down', async () => {
    expect(order(await plan({ verb: 'down', only: ['Thing/cluster'] }, { ledger }))).toEqual(['apps', 'cluster']);
  });

  it('leaves what left the project alone unless it is selected', async () => {
    const left = ledgerOf({ step: 'gone' });
    expect(order(await plan({ steps, only: ['Thing/net'] }, { ledger: left }))).toEqual(['net']);
    expect(order(await plan({ steps, only: ['Thing/gone'] }, { ledger: left }))).toEqual(['gone']);
  });

  it('refuses a name that nothing has', async () => {
    await expect(plan({ steps, only: ['Thing/clutser'] })).rejects.toMatchObject({
      code: 'SLW-ENG-004',
      exit: 64,
      message: expect.stringContaining('Thing/cluster'),
    });
  });
});

describe('the digest', () => {
  it('is equal for equal worlds, whatever the order of the steps', async () => {
    const steps = [plainStep('a', { observe: async () => ({ x: 1, y: 2 }) }), plainStep('b')];
    expect((await plan({ steps })).digest).toBe((await plan({ steps: [...steps].reverse() })).digest);
  });

  it('differs with any observation', async () => {
    const digest = async (observed: unknown): Promise<string> =>
      (await plan({ steps: [plainStep('a', { observe: async () => observed })] })).digest;
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (one, two) => {
        fc.pre(canonicalJson(one as Json) !== canonicalJson(two as Json));
        expect(await digest(one)).not.toBe(await digest(two));
      }),
      { numRuns: 100 },
    );
    expect(await digest(new Set([1]))).not.toBe(await digest(new Set([2])));
    expect(await digest(new Map([['a', 1n]]))).not.toBe(await digest(new Map([['a', 2n]])));
    expect(await digest(Uint8Array.of(1))).not.toBe(await digest(Uint8Array.of(2)));
  });

  it('differs with change, needs, project and the ledger of what left', async () => {
    const base = [plainStep('a'), plainStep('b')];
    const digests = await Promise.all([
      plan({ steps: base }),
      plan({ steps: [plainStep('a'), plainStep('b', { needs: ['a'] })] }),
      plan({ steps: [plainStep('a'), plainStep('b', { change: () => change('update') })] }),
      plan({ steps: base, project: 'other' }),
      plan({ steps: base }, { ledger: ledgerOf({ step: 'gone' }) }),
      plan({ steps: base }, { ledger: ledgerOf({ step: 'gone', outputs: { x: 1 } }) }),
    ]);
    expect(new Set(digests.map((made) => made.digest)).size).toBe(digests.length);
  });

  it('gives a code for what cannot be hashed', async () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    await expect(plan({ steps: [plainStep('a', { observe: async () => circle })] })).rejects.toMatchObject({ code: 'SLW-ENG-012' });
  });
});

describe('a plan file', () => {
  it('keeps the plan, for its owner only', async () => {
    const made = await plan({ steps: [plainStep('a')] });
    const file = join(temporaryFolder(), 'plan.json');
    await writePlanFile(host, file, made);
    expect(await readPlanFile(host, file)).toEqual(made);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it.each([
    ['no JSON', () => 'hello'],
    ['null', () => 'null'],
    ['another format', (text: string) => text.replace('slipway-plan/1', 'slipway-plan/9')],
    ['an edited summary', (text: string) => text.replace('"summary": "create"', '"summary": "harmless"')],
    ['a missing plan', (text: string) => text.replace('"plan"', '"plans"')],
    ['half of it', (text: string) => text.slice(0, text.length / 2)],
  ])('is refused with a code when it is %s', async (_what, spoil) => {
    const text = serializePlan(await plan({ steps: [plainStep('a')] }));
    expect(() => parsePlan(spoil(text), 'plan.json')).toThrow(
      expect.objectContaining({ code: 'SLW-ENG-006', at: { file: 'plan.json', line: 1, col: 1 } }),
    );
  });

  it('that is missing gives a code', async () => {
    await expect(readPlanFile(host, join(temporaryFolder(), 'plan.json'))).rejects.toMatchObject({ code: 'SLW-ENG-006' });
  });

  it('that is a project is refused with the flag to give one', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'slipway.yaml');
    await host.files.writeAtomic(file, 'kind: Cluster\n');
    for (const path of [folder, file])
      await expect(readPlanFile(host, path)).rejects.toMatchObject({ code: 'SLW-ENG-006', fix: expect.stringContaining('-f DIR') });
  });

  it('is refused when the world has moved, and says what moved', async () => {
    const reviewed = await plan({ steps: [plainStep('a', { change: () => change('none') })] });
    requireSamePlan(reviewed, await plan({ steps: [plainStep('a', { change: () => change('none') })] }));
    const moved = [
      [plan({ steps: [plainStep('a')] }), 'a is now "create", it was "none"'],
      [plan({ steps: [] }), 'a is no longer planned'],
      [plan({ steps: [plainStep('a', { change: () => change('none'), observe: async () => 1 })] }), 'different in detail'],
      [plan({ steps: [], project: 'other' }), 'project demo, not other'],
    ] as const;
    for (const [made, text] of moved) {
      const now = await made;
      expect(() => requireSamePlan(reviewed, now)).toThrow(
        expect.objectContaining({ code: 'SLW-ENG-005', exit: 75, message: expect.stringContaining(text) }),
      );
    }
  });
});
