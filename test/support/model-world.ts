/**
 * A world that fits in a Map, with steps that build it, for killing runs at every instant. A thing is known by the token it was created
 * with, as in a cloud: asking twice with one token makes one thing, asking with two tokens makes two.
 */
import {
  defineStep,
  type Outputs,
  type Step,
  type StepContext,
  type StepRecord,
  type UndoHandlers,
  type UndoRecord,
} from '../../src/engine/step.ts';
import type { JournalWriter } from '../../src/engine/journal/journal.ts';
import type { JournalEntry, JournalRow } from '../../src/engine/journal/row.ts';

/** Stands for SIGKILL: after it nothing of the run may have any effect. */
export class KillSignal extends Error {
  override readonly name = 'KillSignal';
}

/** Dies at the n-th instant (from 1); `Infinity` never. */
export class Mortality {
  instants = 0;
  dead = false;
  readonly #dieAt: number;

  constructor(dieAt = Number.POSITIVE_INFINITY) {
    this.#dieAt = dieAt;
  }

  /** One instant at which a kill may land. */
  instant(): void {
    if (this.dead || ++this.instants === this.#dieAt) {
      this.dead = true;
      throw new KillSignal('killed');
    }
  }
}

/** Dies on both sides of every commit. */
export function mortalJournal(journal: JournalWriter, mortality: Mortality): JournalWriter {
  return {
    async append(entries: readonly JournalEntry[]): Promise<readonly JournalRow[]> {
      mortality.instant();
      const rows = await journal.append(entries);
      mortality.instant();
      return rows;
    },
  };
}

export interface Thing {
  readonly name: string;
  readonly content: string;
  /** Created in a second call, as many things are. */
  readonly finished: boolean;
}

export interface Blueprint {
  readonly name: string;
  readonly needs: readonly string[];
  readonly content: string;
  /** A new content wants a new thing. */
  readonly immutable?: boolean;
}

export class ModelWorld {
  readonly things = new Map<string, Thing>();
  creations = 0;

  named(name: string): readonly (readonly [string, Thing])[] {
    return [...this.things].filter(([, thing]) => thing.name === name);
  }

  /** What a person would call the same world: names and contents, not tokens. */
  fingerprint(): readonly string[] {
    return [...this.things.values()].map((thing) => `${thing.name}=${thing.content}${thing.finished ? '' : ' (unfinished)'}`).sort();
  }
}

export function stepId(name: string): string {
  return `model/make-thing/${name}`;
}

interface Seen {
  readonly things: readonly Thing[];
  /** Undefined while a need's outputs are unknown. */
  readonly wanted: string | undefined;
}

export function modelSteps(blueprints: readonly Blueprint[], world: ModelWorld, mortality: Mortality): readonly Step[] {
  return blueprints.map((blueprint) => modelStep(blueprint, world, mortality));
}

function modelStep(blueprint: Blueprint, world: ModelWorld, mortality: Mortality): Step {
  const { name, immutable = false } = blueprint;
  return defineStep<Seen>({
    id: stepId(name),
    title: `make ${name}`,
    subject: `Thing/${name}`,
    needs: blueprint.needs.map(stepId),
    observe: async (context) => ({ things: world.named(name).map(([, thing]) => thing), wanted: wantedContent(blueprint, context) }),
    change: ({ things, wanted }) => {
      if (wanted === undefined) return { kind: 'deferred', summary: 'waits for outputs', announces: { Thing: 1 } };
      const [thing] = things;
      if (!thing) return { kind: 'create', summary: `create ${name}`, details: [{ object: `Thing/${name}`, kind: 'create' }] };
      if (thing.content === wanted && thing.finished && things.length === 1) return { kind: 'none', summary: 'up to date' };
      return immutable && thing.content !== wanted
        ? { kind: 'replace', summary: `replace ${name}` }
        : { kind: 'update', summary: `update ${name}` };
    },
    intent: async (_seen, change, context) => chooseTokens(name, change.kind === 'replace', context),
    apply: async (context) => {
      const { token, old } = context.intent.choices as { token: string; old?: string };
      mortality.instant();
      if (old !== undefined) world.things.delete(old);
      mortality.instant();
      if (!world.things.has(token)) world.creations++;
      world.things.set(token, { name, content: context.observed.wanted ?? '', finished: false });
      mortality.instant();
      await Promise.resolve();
      mortality.instant();
      world.things.set(token, { name, content: context.observed.wanted ?? '', finished: true });
      mortality.instant();
      return { content: context.observed.wanted ?? '', token };
    },
    verify: async () => {
      mortality.instant();
      const found = world.named(name);
      if (found.length !== 1 || !found[0]?.[1].finished) throw new Error(`${name} is there ${found.length} times`);
    },
  });
}

/** The content holds that of every need, so that a wrong order or lost outputs show in the world. */
function wantedContent(blueprint: Blueprint, context: StepContext): string | undefined {
  const parts = blueprint.needs.map((need) => context.outputs(stepId(need))?.['content']);
  return parts.includes(undefined) ? undefined : `${blueprint.content}(${parts.join(',')})`;
}

/** As a careful step does it: what was chosen for an act that may have happened is chosen again. */
function chooseTokens(
  name: string,
  replaces: boolean,
  context: StepContext,
): { undo: NonNullable<StepRecord['intent']['undo']>; choices: Outputs } {
  const { record } = context;
  const before = record?.intent.choices ?? {};
  const keep = record !== undefined && (record.state === 'intended' || !replaces);
  const choices = keep ? before : { token: context.host.random.uuid(), ...(before['token'] !== undefined && { old: before['token'] }) };
  return { choices, undo: { handler: 'model', data: { name, ...choices }, title: `remove ${name}` } };
}

export function modelHandlers(world: ModelWorld, mortality: Mortality): UndoHandlers {
  return new Map([
    [
      'model',
      {
        undo: async (context) => {
          const { token, old } = (context.record.intent.undo as UndoRecord).data as { token: string; old?: string };
          mortality.instant();
          if (old !== undefined) world.things.delete(old);
          mortality.instant();
          requireUnused(context.record, context.records());
          world.things.delete(token);
          mortality.instant();
        },
      },
    ],
  ]);
}

/** Taking a thing away from under one that uses it is a fault of the order. */
function requireUnused(record: StepRecord, others: ReadonlyMap<string, StepRecord>): void {
  for (const other of others.values()) if (other.needs.includes(record.step)) throw new Error(`${other.step} still uses ${record.step}`);
}
