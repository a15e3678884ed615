import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  KillSignal,
  ModelWorld,
  Mortality,
  modelHandlers,
  modelSteps,
  mortalJournal,
  stepId,
  type Blueprint,
} from '../../test/support/model-world.ts';
import { createVirtualHost, temporaryFolder } from '../../test/support/virtual-host.ts';
import { SlipwayError } from '../core/errors.ts';
import { Redactor } from '../core/redaction.ts';
import type { Journal } from './journal/journal.ts';
import { foldLedger, type Ledger } from './ledger.ts';
import type { PlanData } from './plan-data.ts';
import { isEmptyPlan, makePlan } from './plan.ts';
import { type RunOutcome, runDown, runUp } from './run.ts';
import { MemoryJournal } from '../../test/support/memory-journal.ts';
import { openState } from './state-folder.ts';

/** A journal that outlives the run, in memory or in a real file. */
interface Store {
  open(): Promise<{ readonly journal: MemoryJournal | Journal; close(): void }>;
}

function memoryStore(): Store {
  const journal = new MemoryJournal();
  return { open: async () => ({ journal, close: () => undefined }) };
}

function fileStore(): Store {
  const dir = temporaryFolder();
  return {
    open: async () => {
      const { journal } = await openState(createVirtualHost(), dir);
      return { journal, close: () => journal.close() };
    },
  };
}

interface Session {
  readonly verb: 'up' | 'down';
  readonly blueprints: readonly Blueprint[];
  readonly dieAt?: number;
  readonly parallel?: number;
}

interface SessionResult {
  readonly plan?: PlanData;
  readonly outcome?: RunOutcome;
  readonly killed: boolean;
  readonly instants: number;
  readonly ledger: Ledger;
}

class Bench {
  readonly world = new ModelWorld();
  readonly #host = createVirtualHost();
  readonly #store: Store;

  constructor(store = memoryStore()) {
    this.#store = store;
  }

  /** One process: opens the journal, plans, runs, and maybe dies. */
  async session(session: Session): Promise<SessionResult> {
    const mortality = new Mortality(session.dieAt);
    const { journal, close } = await this.#store.open();
    const ledger = foldLedger(journal.read());
    try {
      const { plan, outcome } = await this.#run(session, { mortality, journal, ledger });
      return { plan, outcome, killed: false, instants: mortality.instants, ledger };
    } catch (thrown) {
      if (!(thrown instanceof KillSignal)) throw thrown;
      return { killed: true, instants: mortality.instants, ledger };
    } finally {
      close();
    }
  }

  async #run(
    session: Session,
    life: { mortality: Mortality; journal: MemoryJournal | Journal; ledger: ReturnType<typeof foldLedger> },
  ): Promise<{ plan: PlanData; outcome: RunOutcome }> {
    const { mortality, journal, ledger } = life;
    const steps = modelSteps(session.blueprints, this.world, mortality);
    const undoHandlers = modelHandlers(this.world, mortality);
    const signal = new AbortController().signal;
    const source = { host: this.#host, signal, timeoutMs: 1000, ledger, report: () => undefined };
    const plan = await makePlan({ project: 'model', verb: session.verb, steps, undoHandlers }, source);
    const options = {
      host: this.#host,
      slipway: '0',
      plan,
      undoHandlers,
      journal: mortalJournal(journal, mortality),
      ledger,
      redactor: new Redactor(),
      emit: () => undefined,
      signal,
      timeoutMs: 1000,
      parallel: session.parallel ?? 3,
    };
    return { plan, outcome: session.verb === 'up' ? await runUp({ ...options, steps }) : await runDown(options) };
  }
}

async function uninterrupted(...projects: readonly (readonly Blueprint[])[]): Promise<readonly string[]> {
  const bench = new Bench();
  for (const blueprints of projects) expect((await bench.session({ verb: 'up', blueprints })).outcome?.status).toBe('done');
  return bench.world.fingerprint();
}

/** The same command again ends in the wanted world, changes nothing more after that, and goes away without a trace. */
async function expectRecovery(bench: Bench, blueprints: readonly Blueprint[], wanted: readonly string[]): Promise<void> {
  const { outcome } = await bench.session({ verb: 'up', blueprints });
  expect(outcome).toMatchObject({ status: 'done', exit: 0 });
  expect(bench.world.fingerprint()).toEqual(wanted);
  const again = await bench.session({ verb: 'up', blueprints });
  expect(again.plan && isEmptyPlan(again.plan)).toBe(true);
  expect(again.outcome).toMatchObject({ status: 'done', changed: 0 });
}

async function expectGone(bench: Bench): Promise<void> {
  const { outcome, ledger } = await bench.session({ verb: 'down', blueprints: [] });
  expect(outcome).toMatchObject({ status: 'done', exit: 0 });
  expect(bench.world.fingerprint()).toEqual([]);
  expect(ledger.size).toBe(0);
}

const diamond: readonly Blueprint[] = [
  { name: 'a', needs: [], content: '1' },
  { name: 'b', needs: ['a'], content: '1' },
  { name: 'c', needs: ['a'], content: '1', immutable: true },
  { name: 'd', needs: ['b', 'c'], content: '1' },
];
const diamondLater: readonly Blueprint[] = [
  { name: 'a', needs: [], content: '2' },
  { name: 'c', needs: ['a'], content: '2', immutable: true },
  { name: 'e', needs: ['c'], content: '1' },
];

describe('a run killed at every instant', () => {
  it.each([1, 4])('reaches the same world on the next up, %i at a time', async (parallel) => {
    const wanted = await uninterrupted(diamond);
    let landed = 0;
    for (let dieAt = 1; ; dieAt++) {
      const bench = new Bench();
      const { killed } = await bench.session({ verb: 'up', blueprints: diamond, dieAt, parallel });
      if (!killed) break;
      landed++;
      await expectRecovery(bench, diamond, wanted);
      expect(bench.world.creations).toBe(diamond.length);
      await expectGone(bench);
    }
    expect(landed).toBeGreaterThan(40);
  });

  it('leaves nothing behind when down follows instead', async () => {
    for (let dieAt = 1; ; dieAt++) {
      const bench = new Bench();
      const { killed } = await bench.session({ verb: 'up', blueprints: diamond, dieAt });
      await expectGone(bench);
      if (!killed) break;
    }
  });

  it('finishes a down that was killed, and an up after it starts anew', async () => {
    const wanted = await uninterrupted(diamond);
    for (let dieAt = 1; ; dieAt++) {
      const bench = new Bench();
      await bench.session({ verb: 'up', blueprints: diamond });
      const { killed } = await bench.session({ verb: 'down', blueprints: [], dieAt });
      if (dieAt % 2 === 0) await expectRecovery(bench, diamond, wanted);
      await expectGone(bench);
      if (!killed) break;
    }
  });

  it('continues a change of the project: updates, replacements, removals', async () => {
    const wanted = await uninterrupted(diamond, diamondLater);
    expect(wanted).toEqual(await uninterrupted(diamondLater));
    for (let dieAt = 1; ; dieAt++) {
      const bench = new Bench();
      await bench.session({ verb: 'up', blueprints: diamond });
      const { killed } = await bench.session({ verb: 'up', blueprints: diamondLater, dieAt });
      await expectRecovery(bench, diamondLater, wanted);
      await expectGone(bench);
      if (!killed) break;
    }
  });

  it('does so with a real journal file, closed and opened again', async () => {
    const blueprints = diamond.slice(0, 2);
    const wanted = await uninterrupted(blueprints);
    for (let dieAt = 1; ; dieAt++) {
      const bench = new Bench(fileStore());
      const { killed } = await bench.session({ verb: 'up', blueprints, dieAt });
      await expectRecovery(bench, blueprints, wanted);
      await expectGone(bench);
      if (!killed) break;
    }
  });
});

/** Names are letters in order, each needing only earlier ones: every directed acyclic graph up to renaming. */
const project = fc.integer({ min: 1, max: 7 }).chain((count) =>
  fc.tuple(
    ...Array.from({ length: count }, (_, index) =>
      fc.record({
        needs: fc.subarray(Array.from({ length: index }, (_unused, before) => before)),
        content: fc.constantFrom('1', '2'),
        immutable: fc.boolean(),
        present: fc.boolean(),
      }),
    ),
  ),
);
type Drawn = { needs: number[]; content: string; immutable: boolean; present: boolean }[];

function draw(drawn: Drawn, all = false): readonly Blueprint[] {
  const present = drawn.map((entry) => all || entry.present);
  return drawn.flatMap((entry, index) =>
    present[index]
      ? [
          {
            name: `t${index}`,
            needs: entry.needs.filter((need) => present[need]).map((need) => `t${need}`),
            content: entry.content,
            immutable: entry.immutable,
          },
        ]
      : [],
  );
}

/** A step that was made without a need and now has one that is not there yet is undecided; its change wants a second look at the plan. */
async function upUntilConsented(bench: Bench, blueprints: readonly Blueprint[]): Promise<SessionResult> {
  let result = await bench.session({ verb: 'up', blueprints });
  for (let round = 0; result.outcome?.exit === 75 && round < blueprints.length; round++) {
    expect(result.outcome.failures.every(({ failure }) => failure instanceof SlipwayError && failure.code === 'SLW-ENG-007')).toBe(true);
    result = await bench.session({ verb: 'up', blueprints });
  }
  return result;
}

describe('any project', () => {
  it('comes to the same world through any number of kills, whatever the order of steps and their number at a time', async () => {
    await fc.assert(
      fc.asyncProperty(
        project,
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 5 }),
        async (drawn, kills, parallel) => {
          const blueprints = draw(drawn as Drawn, true);
          const bench = new Bench();
          for (const dieAt of kills) await bench.session({ verb: 'up', blueprints: [...blueprints].reverse(), dieAt, parallel });
          await expectRecovery(bench, blueprints, await uninterrupted(blueprints));
          expect(bench.world.creations).toBe(blueprints.length);
          await expectGone(bench);
        },
      ),
      { numRuns: 150 },
    );
  });

  it('may change between kills, go down between kills, and still leaves nothing behind', async () => {
    const session = fc.record({ project, down: fc.boolean(), dieAt: fc.integer({ min: 1, max: 80 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(session, { minLength: 1, maxLength: 5 }), project, async (sessions, last) => {
        const bench = new Bench();
        for (const { project: drawn, down, dieAt } of sessions)
          await bench.session({ verb: down ? 'down' : 'up', blueprints: draw(drawn as Drawn), dieAt });
        const blueprints = draw(last as Drawn);
        const final = await upUntilConsented(bench, blueprints);
        expect(final.outcome).toMatchObject({ status: 'done' });
        expect(bench.world.fingerprint()).toEqual(await uninterrupted(blueprints));
        expect([...final.ledger.keys()].sort()).toEqual(blueprints.map(({ name }) => stepId(name)).sort());
        await expectGone(bench);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the kill tests themselves', () => {
  it('notice a thing that is created twice', async () => {
    const bench = new Bench();
    await bench.session({ verb: 'up', blueprints: diamond });
    bench.world.things.set('stray', { name: 'a', content: '1()', finished: true });
    expect(bench.world.fingerprint()).not.toEqual(await uninterrupted(diamond));
  });

  it('notice an engine that forgets its intents', async () => {
    const bench = new Bench({ open: async () => ({ journal: new MemoryJournal(), close: () => undefined }) });
    const first = await bench.session({ verb: 'up', blueprints: diamond.slice(0, 1), dieAt: 8 });
    expect(first.killed).toBe(true);
    const second = await bench.session({ verb: 'up', blueprints: diamond.slice(0, 1) });
    expect(second.outcome?.status).toBe('failed');
    expect(bench.world.fingerprint()).not.toEqual(await uninterrupted(diamond.slice(0, 1)));
  });
});
