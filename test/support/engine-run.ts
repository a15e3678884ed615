/** One engine run after the other over a virtual host and a journal in memory, made anew for each test of the importing file. */
import { beforeEach } from 'vitest';
import { MemoryJournal } from './memory-journal.ts';
import { change, plainStep } from './plain-step.ts';
import { createVirtualHost, type VirtualHost } from './virtual-host.ts';
import { SlipwayError } from '../../src/core/errors.ts';
import { Redactor } from '../../src/core/redaction.ts';
import type { SlipwayEvent } from '../../src/engine/events.ts';
import { makePlan } from '../../src/engine/plan.ts';
import { type RunOptions, type RunOutcome, runDown, runUp } from '../../src/engine/run.ts';
import type { Step, StepRecord } from '../../src/engine/step.ts';

export let host: VirtualHost;
export let events: SlipwayEvent[];
export let journal: MemoryJournal;
export let ledger: Map<string, StepRecord>;

beforeEach(() => {
  host = createVirtualHost();
  events = [];
  journal = new MemoryJournal();
  ledger = new Map();
});

type Extra = Partial<RunOptions> & { readonly verb?: 'up' | 'down' };

export async function run(steps: readonly Step[], { verb = 'up', ...extra }: Extra = {}): Promise<RunOutcome> {
  const undoHandlers = extra.undoHandlers ?? new Map();
  const plan =
    extra.plan ??
    (await makePlan(
      { project: 'demo', verb, steps, undoHandlers },
      { host, signal: new AbortController().signal, timeoutMs: 60_000, ledger, report: () => undefined },
    ));
  const options: RunOptions = {
    host,
    slipway: '0.0.0',
    plan,
    steps,
    undoHandlers,
    journal,
    ledger,
    redactor: new Redactor(),
    emit: (event) => events.push(event),
    signal: new AbortController().signal,
    timeoutMs: 60_000,
    ...extra,
  };
  return verb === 'up' ? runUp(options) : runDown(options);
}

export const told = (type: SlipwayEvent['type']): SlipwayEvent[] => events.filter((event) => event.type === type);
export const lines = (): string[] => events.map((event) => ('step' in event ? `${event.type} ${event.step}` : event.type));
export const tick = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
export const flaky = (
  failures: number,
  options: ConstructorParameters<typeof SlipwayError>[2] = {},
): (() => Promise<Record<string, never>>) => {
  let calls = 0;
  return async () => {
    if (++calls <= failures) throw new SlipwayError('SLW-ENG-011', `failure ${calls}`, { retry: 'backoff', ...options });
    return {};
  };
};
/** Nothing before it was applied, nothing after. */
export const once = (id: string, more: Partial<Step> = {}): Step => {
  let done = false;
  return plainStep(id, { change: () => change(done ? 'none' : 'create'), apply: async () => ((done = true), { made: id }), ...more });
};

/** What an earlier run left; an importer cannot assign to the binding itself. */
export function setLedger(next: Map<string, StepRecord>): void {
  ledger = next;
}

export function forgetEvents(): void {
  events = [];
}
