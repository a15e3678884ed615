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

type Lines = { readonly [T in SlipwayEvent['type']]?: (event: Extract<SlipwayEvent, { type: T }>, options: PlainOptions) => readonly string[] };

const table: Lines = {
  'run.started': (event) => [`${event.verb} ${event.project} (run ${event.run}, slipway ${event.slipway})`],
  'plan.made': (event, { verbose }) => (verbose ? planLines(event.plan, paint) : [countsLine(event.plan)]),
  'step.intended': (event) => step(event.step, `${event.change.kind}: ${event.title}`),
  'step.started': (event, { verbose }) => (event.phase === 'verify' || event.phase === 'undo' || verbose ? step(event.step, `${event.phase}: ${event.title}`) : []),
  'step.progress': (event) => step(event.step, event.total === undefined ? event.message : `${event.message} ${event.done ?? 0}/${event.total}`),
  'step.waiting': (event) =>
    step(event.step, `waiting for ${event.object}: ${event.reason}: ${event.message} (${formatDuration(event.forMs)} of at most ${formatDuration(event.boundMs)})`),
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
  heartbeat: (event) => [`still working, ${formatDuration(event.ms)} so far${event.running.length === 0 ? '' : `: ${event.running.join(', ')}`}`],
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
/** Progress of one step is said at most this often. */
const PROGRESS_MS = 1000;

/** plainLines with a memory: what a step has just said is not said again. */
export function createPlainLog(options: PlainOptions): (event: SlipwayEvent) => readonly string[] {
  const last = new Map<string, { readonly fact: string; readonly atMs: number }>();
  return (event) => {
    if (event.type !== 'step.progress' && event.type !== 'step.waiting') return plainLines(event, options);
    const fact = event.type === 'step.waiting' ? `${event.object} ${event.reason} ${event.message}` : event.message;
    const atMs = Date.parse(event.time);
    const before = last.get(event.step);
    const pauseMs = before?.fact === fact ? REPEAT_MS : event.type === 'step.progress' ? PROGRESS_MS : 0;
    if (before && atMs - before.atMs < pauseMs) return [];
    last.set(event.step, { fact, atMs });
    return plainLines(event, options);
  };
}
