import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryJournal } from '../../../test/support/memory-journal.ts';
import type { HookMoment, ResolvedHook } from '../../config/resolved-hooks.ts';
import type { SlipwayErrors } from '../../core/errors.ts';
import { Redactor } from '../../core/redaction.ts';
import { makePlan } from '../../engine/plan.ts';
import { runDown, runUp } from '../../engine/run.ts';
import { defineStep, type Step, type StepId, type StepRecord, type UndoHandlers } from '../../engine/step.ts';
import { createNodeHost } from '../../host/node.ts';
import type { WorkContext } from '../work-context.ts';
import { withHooks } from './hook-steps.ts';
import { hookUndoHandlers } from './hook-undo.ts';
import { requireHookPrograms } from './program.ts';

const host = createNodeHost();
const { signal } = new AbortController();
const SUBJECT = 'Network/main';
const MOMENTS: readonly HookMoment[] = ['beforeCreate', 'afterCreate', 'beforeUpdate', 'afterUpdate', 'beforeDestroy', 'afterDestroy'];

let dir = '';

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-hooks-'));
  writeFileSync(join(dir, 'hook.sh'), `#!/bin/sh\necho "$SLIPWAY_MOMENT" >> ${dir}/said\ntest ! -e ${dir}/fail-$SLIPWAY_MOMENT\n`, {
    mode: 0o755,
  });
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

const said = (): readonly string[] => {
  try {
    return readFileSync(join(dir, 'said'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
};

function hook(moment: HookMoment, changes: Partial<ResolvedHook> = {}): ResolvedHook {
  const at = { file: 'slipway.yaml', line: 1, col: 1 };
  return {
    name: 'tell',
    moment,
    at,
    run: join(dir, 'hook.sh'),
    folder: dir,
    args: [],
    env: new Map(),
    timeoutMs: 10_000,
    onFailure: 'fail',
    ...changes,
  };
}

/** A world with one number in it, and what is wanted. */
class World {
  readonly journal = new MemoryJournal();
  readonly ledger: Map<StepId, StepRecord> = new Map();
  value: number | undefined;
  readonly log: string[] = [];

  readonly context = { host, project: 'p', stateDir: dir, redactor: new Redactor(), outputs: () => undefined } as unknown as WorkContext;

  readonly handlers: UndoHandlers = new Map([
    ...hookUndoHandlers(this.context),
    ['thing/remove', { undo: () => Promise.resolve(this.#remove()) }],
  ]);

  #remove(): void {
    writeFileSync(join(dir, 'said'), `${[...said(), 'destroyed'].join('\n')}\n`);
    this.value = undefined;
  }

  step(wanted: number): Step {
    return defineStep<number | null>({
      id: 'thing/make-thing/main',
      title: 'make it',
      subject: SUBJECT,
      needs: [],
      observe: () => Promise.resolve(this.value ?? null),
      change: (value) =>
        value === wanted ? { kind: 'none', summary: 'is so' } : { kind: value === null ? 'create' : 'update', summary: 'make it so' },
      intent: () => Promise.resolve({ undo: { handler: 'thing/remove', data: {}, title: 'remove it' } }),
      apply: () => {
        this.value = wanted;
        writeFileSync(join(dir, 'said'), `${[...said(), `made ${wanted}`].join('\n')}\n`);
        return Promise.resolve({ value: wanted });
      },
    });
  }

  async up(wanted: number, hooks: readonly ResolvedHook[]): Promise<string> {
    const environment = { host, signal, timeoutMs: 10_000, ledger: this.ledger, report: () => undefined };
    const request = { project: 'p', verb: 'up' as const, undoHandlers: this.handlers };
    const bare = await makePlan({ ...request, steps: [this.step(wanted)] }, environment);
    const steps = withHooks(
      { subject: SUBJECT, name: 'main', hooks, steps: [this.step(wanted)], ledger: this.ledger, plan: bare },
      this.context,
    );
    const plan = await makePlan({ ...request, steps }, environment);
    const outcome = await runUp({ ...this.#run(), plan, steps });
    return outcome.status;
  }

  async down(): Promise<void> {
    const environment = { host, signal, timeoutMs: 10_000, ledger: this.ledger, report: () => undefined };
    const plan = await makePlan({ project: 'p', verb: 'down', steps: [], undoHandlers: this.handlers }, environment);
    await runDown({ ...this.#run(), plan });
  }

  #run() {
    const { journal, ledger, handlers, context } = this;
    return {
      ...{ host, signal, journal, ledger, redactor: context.redactor },
      undoHandlers: handlers,
      slipway: '0',
      emit: () => undefined,
      timeoutMs: 10_000,
    };
  }
}

const all = (): readonly ResolvedHook[] => MOMENTS.map((moment) => hook(moment));

describe('hooks of a document', () => {
  it('run around its creation, its changes and its destruction, each once', async () => {
    const world = new World();
    expect(await world.up(1, all())).toBe('done');
    expect(said()).toEqual(['beforeCreate', 'made 1', 'afterCreate']);
    await world.up(1, all());
    expect(said()).toHaveLength(3);
    await world.up(2, all());
    expect(said().slice(3)).toEqual(['beforeUpdate', 'made 2', 'afterUpdate']);
    await world.down();
    expect(said().slice(6)).toEqual(['beforeDestroy', 'destroyed', 'afterDestroy']);
    expect([...world.ledger.keys()]).toEqual([]);
  });

  it('that fail stop what comes after them, and are the first to run again', async () => {
    const world = new World();
    writeFileSync(join(dir, 'fail-beforeCreate'), '');
    expect(await world.up(1, all())).toBe('failed');
    expect(world.value).toBeUndefined();
    rmSync(join(dir, 'fail-beforeCreate'));
    expect(await world.up(1, all())).toBe('done');
    expect(said()).toEqual(['beforeCreate', 'beforeCreate', 'made 1', 'afterCreate']);
  });

  it('after a change are made up for when the run died before them', async () => {
    const world = new World();
    await world.up(1, all());
    writeFileSync(join(dir, 'fail-afterUpdate'), '');
    expect(await world.up(2, all())).toBe('failed');
    rmSync(join(dir, 'fail-afterUpdate'));
    expect(await world.up(2, all())).toBe('done');
    expect(said().slice(3)).toEqual(['beforeUpdate', 'made 2', 'afterUpdate', 'afterUpdate']);
    await world.up(2, all());
    expect(said()).toHaveLength(7);
  });

  it('of creation do not run for what was there before they were written', async () => {
    const world = new World();
    await world.up(1, []);
    world.ledger.set('thing/make-thing/main', { ...(world.ledger.get('thing/make-thing/main') as StepRecord), needs: [] });
    await world.up(1, all());
    expect(said()).toEqual(['made 1']);
    await world.down();
    expect(said().slice(1)).toEqual(['beforeDestroy', 'destroyed', 'afterDestroy']);
  });

  it('with onFailure: warn let the run go on', async () => {
    const world = new World();
    writeFileSync(join(dir, 'fail-beforeCreate'), '');
    expect(await world.up(1, [hook('beforeCreate', { onFailure: 'warn' })])).toBe('done');
    expect(said()).toEqual(['beforeCreate', 'made 1']);
  });

  it('end at their timeout', async () => {
    const world = new World();
    writeFileSync(join(dir, 'hook.sh'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
    expect(await world.up(1, [hook('beforeCreate', { timeoutMs: 300 })])).toBe('failed');
    expect(world.value).toBeUndefined();
  });

  it('that are no programs are refused at once, all together', async () => {
    writeFileSync(join(dir, 'plain.sh'), 'echo', { mode: 0o755 });
    writeFileSync(join(dir, 'closed.sh'), '#!/bin/sh\n', { mode: 0o644 });
    const hooks = ['missing.sh', 'plain.sh', 'closed.sh', '.', 'hook.sh'].map((name) => hook('beforeCreate', { run: join(dir, name) }));
    const refused = await requireHookPrograms(host, hooks).catch((error: SlipwayErrors) => error.errors);
    expect((refused ?? []).map(({ code, message }) => [code, message.split('), ')[1]])).toEqual([
      ['SLW-HOK-001', 'does not exist'],
      ['SLW-HOK-001', 'has no first line that names its interpreter'],
      ['SLW-HOK-001', 'is not executable'],
      ['SLW-HOK-001', 'is no regular file'],
    ]);
  });
});
