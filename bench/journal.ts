/**
 * The engine alone: resuming at a journal of 10,000 rows, and what a run costs per step beside the step's own work.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redactor } from '../src/core/redaction.ts';
import type { DurableEvent } from '../src/engine/events.ts';
import type { Journal } from '../src/engine/journal/journal.ts';
import { foldLedger } from '../src/engine/ledger.ts';
import { makePlan } from '../src/engine/plan.ts';
import { runUp } from '../src/engine/run.ts';
import { openState } from '../src/engine/state-folder.ts';
import type { Step } from '../src/engine/step.ts';
import { createNodeHost } from '../src/host/node.ts';
import type { BenchRow } from './row.ts';

const host = createNodeHost();
const ROWS = 10_000;
const STEPS = 1000;
/** `resume at a 10,000-row journal <= 1 s`, `engine overhead <= 1 %` of a step that works for 100 ms. */
const RESUME_BUDGET_MS = 1000;
const STEP_BUDGET_MS = 1;

export async function benchJournal(): Promise<readonly BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    return [await measureResume(join(folder, 'resume')), await measureRun(join(folder, 'run'))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a run leaves for one step: intended, applied, verified. */
function rowsOf(index: number): readonly DurableEvent[] {
  const step = `bench/make-thing/${index}`;
  const undo = { handler: 'bench', data: { path: `/var/lib/bench/${index}`, port: 30_000 + index }, title: `remove thing ${index}` };
  return [
    {
      type: 'step.intended',
      step,
      subject: `Thing/${index}`,
      title: `make thing ${index}`,
      needs: index === 0 ? [] : [`bench/make-thing/${index - 1}`],
      change: { kind: 'create', summary: `create thing ${index}` },
      intent: { undo, choices: { port: 30_000 + index } },
    },
    { type: 'step.applied', step, outputs: { url: `https://127.0.0.1:${30_000 + index}`, version: '1.2.3' }, ms: 12 },
    { type: 'step.verified', step, ms: 3 },
  ];
}

async function fill(journal: Journal): Promise<void> {
  const time = '2026-01-01T00:00:00.000Z';
  for (let index = 0; journal.rows < ROWS; index++) {
    const entries = rowsOf(index).slice(0, ROWS - journal.rows);
    await journal.append(
      entries.map((body) => ({ time, run: 'bench', type: body.type, body, ...('step' in body && { step: body.step }) })),
    );
  }
}

async function measureResume(dir: string): Promise<BenchRow> {
  const { journal: writer } = await openState(host, dir);
  await fill(writer);
  writer.close();
  const begin = performance.now();
  const { journal } = await openState(host, dir);
  const { size } = foldLedger(journal.read());
  const ms = performance.now() - begin;
  journal.close();
  return {
    what: `resume at a journal of ${ROWS} rows: open, check the chain, fold ${size} entries`,
    ours: ms,
    unit: 'ms',
    budget: `<= ${RESUME_BUDGET_MS} ms`,
    kept: ms <= RESUME_BUDGET_MS,
  };
}

async function measureRun(dir: string): Promise<BenchRow> {
  const { journal } = await openState(host, dir);
  const steps = Array.from({ length: STEPS }, (_, index) => emptyStep(index));
  const common = { host, signal: new AbortController().signal, timeoutMs: 60_000, ledger: foldLedger(journal.read()) };
  const begin = performance.now();
  const plan = await makePlan({ project: 'bench', verb: 'up', steps, undoHandlers: new Map() }, { ...common, report: () => undefined });
  await runUp({
    ...common,
    slipway: 'bench',
    plan,
    steps,
    undoHandlers: new Map(),
    journal,
    redactor: new Redactor(),
    emit: () => undefined,
  });
  const ms = (performance.now() - begin) / STEPS;
  journal.close();
  return {
    what: 'engine, per step: plan, three durable records, verify',
    ours: ms,
    unit: 'ms',
    budget: `<= 1 % of a step of 100 ms`,
    kept: ms <= STEP_BUDGET_MS,
  };
}

function emptyStep(index: number): Step {
  return {
    id: `bench/nothing/${index}`,
    title: 'nothing',
    subject: 'Thing/x',
    needs: index < 8 ? [] : [`bench/nothing/${index - 8}`],
    observe: async () => null,
    change: () => ({ kind: 'create', summary: 'create nothing' }),
    apply: async () => ({}),
    verify: async () => undefined,
  };
}
