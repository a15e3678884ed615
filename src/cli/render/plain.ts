/** One line for each fact, with its time and step; no escapes, fit for a log. Pure. */
import { formatDuration } from '../../core/duration.ts';
import type { SlipwayEvent } from '../../engine/events.ts';
import { errorLines, formatPosition } from './error-text.ts';
import { createPaint } from './paint.ts';
import { countsLine, planLines } from './plan-text.ts';
import type { Finding } from './screen.ts';
import { sanitize } from './text-width.ts';

const paint = createPaint(false);

export interface PlainOptions {
  /** `-v`: also steps that change nothing, and log lines of children. */
  readonly verbose: boolean;
}

type Lines = {
  readonly [T in SlipwayEvent['type']]?: (event: Extract<SlipwayEvent, { type: T }>, options: PlainOptions) => readonly string[];
};

const table: Lines = {
  'run.started': (event) => [`${event.verb} ${event.project} (run ${event.run}, slipway ${event.slipway})`],
  'plan.made': (event, { verbose }) => (verbose ? planLines(event.plan, paint) : [countsLine(event.plan)]),
  'step.intended': (event) => step(event.step, `${event.change.kind}: ${event.title}`),
  'step.started': (event, { verbose }) =>
    event.phase === 'verify' || event.phase === 'undo' || verbose ? step(event.step, `${event.phase}: ${event.title}`) : [],
  'step.progress': (event) =>
    step(event.step, event.total === undefined ? event.message : `${event.message} ${event.done ?? 0}/${event.total}`),
  'step.waiting': (event) =>
    step(event.step, `waiting for ${waitText(event)} (${formatDuration(event.forMs)} of at most ${formatDuration(event.boundMs)})`),
  'step.applied': (event) => step(event.step, `applied in ${formatDuration(event.ms)}`),
  'step.verified': (event, { verbose }) => (verbose ? step(event.step, `verified in ${formatDuration(event.ms)}`) : []),
  'step.unchanged': (event, { verbose }) => (verbose ? step(event.step, 'up to date') : []),
  'step.skipped': (event) => step(event.step, `skipped: ${event.reason}`),
  'step.undone': (event) => step(event.step, `undone in ${formatDuration(event.ms)}`),
  'step.forgotten': (event) => step(event.step, `forgotten: ${event.reason}`),
  'step.failed': (event) => {
    const [first = '', ...rest] = errorLines(event.error, paint);
    const again = event.retryInMs === undefined ? '' : `; attempt ${event.attempt + 1} in ${formatDuration(event.retryInMs)}`;
    return event.retryInMs === undefined ? step(event.step, first, ...rest) : step(event.step, `${first}${again}`);
  },
  'step.finding': (event) => step(event.step, findingText(event)),
  'step.log': (event, { verbose }) => (verbose ? step(event.step, `${event.source}: ${event.line}`) : []),
  finding: (event) => [findingText(event)],
  error: (event) => errorLines(event.error, paint),
  heartbeat: (event) => [
    `still working, ${formatDuration(event.ms)} so far${event.running.length === 0 ? '' : `: ${event.running.join(', ')}`}`,
  ],
  'run.finished': (event) => [`${event.status} in ${formatDuration(event.ms)}, ${event.changed} changed`],
};

/** The lines of one event, without line ends; none for what plain does not show. */
export function plainLines(event: SlipwayEvent, options: PlainOptions): readonly string[] {
  const format = table[event.type] as ((event: SlipwayEvent, options: PlainOptions) => readonly string[]) | undefined;
  const time = clockTime(event.time);
  return (format?.(event, options) ?? []).map((line) => `${time} ${sanitize(line)}`.trimEnd());
}

export function findingText(finding: Finding): string {
  const code = finding.code === undefined ? '' : ` ${finding.code}`;
  return `${finding.level === 'warning' ? 'warning' : 'note'}${code}: ${finding.at ? `${formatPosition(finding.at)}: ` : ''}${finding.message}`;
}

function step(id: string, ...lines: readonly string[]): readonly string[] {
  return lines.map((line) => `${id} ${line}`);
}

/** `04:27:45Z`: the day is in the file's name or the log's own prefix. */
function clockTime(iso: string): string {
  return /T(\d\d:\d\d:\d\d)/.exec(iso)?.[1]?.concat('Z') ?? iso;
}

/** A wait that stands still is said again after this long. */
const REPEAT_MS = 30_000;
/** What a step is doing is said at most this often; the latest is never lost, only late. */
const PACE_MS = 1000;

export interface PlainLog {
  /** The lines to print now. */
  handle(event: SlipwayEvent): readonly string[];
  /** What was held back and is due; to be called about once a second. */
  due(nowMs: number): readonly string[];
}

interface Said {
  readonly fact: string;
  readonly atMs: number;
  readonly held?: SlipwayEvent;
}

/** plainLines with a memory: what a step has just said is not said again, and a step that talks fast is slowed down. */
export function createPlainLog(options: PlainOptions): PlainLog {
  const steps = new Map<string, Said>();
  const say = (event: SlipwayEvent & { readonly step: string }, atMs: number): readonly string[] => {
    steps.set(event.step, { fact: factOf(event), atMs });
    return plainLines(event, options);
  };
  const handle = (event: SlipwayEvent): readonly string[] => {
    if (event.type === 'step.progress' || event.type === 'step.waiting') return pace(event);
    if ('step' in event && event.type !== 'step.log' && event.type !== 'step.finding') steps.delete(event.step);
    return plainLines(event, options);
  };
  const pace = (event: SlipwayEvent & { readonly step: string }): readonly string[] => {
    const atMs = Date.parse(event.time);
    const before = steps.get(event.step);
    if (before?.fact === factOf(event)) {
      if (atMs - before.atMs >= REPEAT_MS) return say(event, atMs);
      steps.set(event.step, { fact: before.fact, atMs: before.atMs });
      return [];
    }
    if (!before || atMs - before.atMs >= PACE_MS) return say(event, atMs);
    steps.set(event.step, { ...before, held: event });
    return [];
  };
  const due = (nowMs: number): readonly string[] =>
    [...steps.values()].flatMap(({ held, atMs }) =>
      held !== undefined && 'step' in held && nowMs - atMs >= PACE_MS ? say(held, nowMs) : [],
    );
  return { handle, due };
}

function factOf(event: SlipwayEvent): string {
  if (event.type === 'step.waiting') return `${event.object} ${event.reason} ${event.message}`;
  return event.type === 'step.progress' ? event.message : '';
}

/** `Kustomization/flux-system/apps: HealthCheckFailed: …`; a message that says object and reason itself is left alone. */
export function waitText({
  object,
  reason,
  message,
}: {
  readonly object: string;
  readonly reason: string;
  readonly message: string;
}): string {
  return message.startsWith(object) ? message : `${object}: ${reason}: ${message}`;
}
