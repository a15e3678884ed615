/**
 * The live tree of a run as lines of text: pure from screen and size. Live it fits the window, folding what is quiet first;
 * the final tree shows every step that did something and every failure whole.
 */
import { formatDuration } from '../../core/duration.ts';
import { formatPosition } from './error-text.ts';
import type { Paint, Role } from './paint.ts';
import { waitText } from './plain.ts';
import { isRunning, type Finding, type Screen, type StepState, type StepView } from './screen.ts';
import { fit, sanitize, widthOf } from './text-width.ts';

export interface TreeOptions {
  readonly width: number;
  /** Lines that may be used; without it nothing is folded for want of room. */
  readonly height?: number;
  readonly nowMs: number;
  /** Counts up with each frame; turns the spinner. */
  readonly frame: number;
  readonly paint: Paint;
  /** No signs beyond ASCII. */
  readonly ascii: boolean;
  readonly final: boolean;
  readonly verbose?: boolean;
}

interface Segment {
  readonly text: string;
  readonly role?: Role;
}

/** `weight` decides what survives when the window is small: failures 3, running 2, headings 1, the rest 0. */
interface Line {
  readonly segments: readonly Segment[];
  readonly weight: 0 | 1 | 2 | 3;
}

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SPINNER_ASCII = ['|', '/', '-', '\\'];

const SIGNS: Readonly<Record<StepState, readonly [sign: string, ascii: string, role: Role]>> = {
  planned: ['○', 'o', 'quiet'],
  running: ['', '', 'busy'],
  waiting: ['', '', 'busy'],
  retrying: ['↻', '@', 'warn'],
  done: ['✔', '+', 'good'],
  unchanged: ['✔', '+', 'quiet'],
  undone: ['✔', '+', 'good'],
  failed: ['✖', 'x', 'bad'],
  skipped: ['–', '-', 'quiet'],
};

/** Never wider than `width`, never higher than `height`. */
export function treeLines(screen: Screen, options: TreeOptions): readonly string[] {
  const full = build(screen, options, options.final ? 'settled' : 'nothing');
  const lines = options.height === undefined || full.length <= options.height ? full : squeeze(screen, options);
  return lines.map((line) => paintLine(line, options));
}

function squeeze(screen: Screen, options: TreeOptions): readonly Line[] {
  const folded = build(screen, options, 'quiet');
  const height = Math.max(1, options.height ?? folded.length);
  if (folded.length <= height) return folded;
  const ranked = folded.map((line, index) => ({ line, index })).sort((a, b) => b.line.weight - a.line.weight || a.index - b.index);
  const kept = ranked.slice(0, height - 1).sort((a, b) => a.index - b.index);
  return [
    ...kept.map(({ line }) => line),
    { segments: [{ text: `… ${folded.length - kept.length} more lines`, role: 'quiet' }], weight: 0 },
  ];
}

type Fold = 'nothing' | 'settled' | 'quiet';

function build(screen: Screen, options: TreeOptions, fold: Fold): readonly Line[] {
  const groups = new Map<string, StepView[]>();
  for (const step of screen.steps.values()) groups.set(step.subject, [...(groups.get(step.subject) ?? []), step]);
  const body = [...groups].flatMap(([subject, steps]) => [heading(subject), ...groupLines(steps, options, fold)]);
  return [header(screen, options), ...body, ...screen.findings.flatMap((finding) => findingLines(finding, '', options)), ...footer(screen)];
}

function header(screen: Screen, options: TreeOptions): Line {
  const elapsed = screen.tookMs ?? (screen.startedMs === undefined ? undefined : Math.max(0, options.nowMs - screen.startedMs));
  const name = [screen.verb ?? 'looking', screen.project ?? ''].join(' ').trim();
  return {
    segments: [
      { text: sanitize(name), role: 'strong' },
      { text: elapsed === undefined ? '' : `  ${formatDuration(elapsed)}`, role: 'quiet' },
    ],
    weight: 3,
  };
}

function footer(screen: Screen): readonly Line[] {
  if (screen.status === undefined) return [];
  const role: Role = screen.status === 'done' ? 'good' : screen.status === 'failed' ? 'bad' : 'warn';
  return [
    { segments: [{ text: `${screen.status} in ${formatDuration(screen.tookMs ?? 0)}, ${screen.changed ?? 0} changed`, role }], weight: 3 },
  ];
}

function heading(subject: string): Line {
  return { segments: [{ text: subject === '' ? 'project' : sanitize(subject), role: 'strong' }], weight: 1 };
}

function groupLines(steps: readonly StepView[], options: TreeOptions, fold: Fold): readonly Line[] {
  const folded = new Set<StepState>(FOLDS[options.verbose === true && options.final ? 'nothing' : fold]);
  const shown = steps.filter((step) => !folded.has(step.state) || step.findings.length > 0);
  const rest = steps.filter((step) => !shown.includes(step));
  return [...shown.flatMap((step) => stepLines(step, options)), ...foldedLines(rest, options)];
}

const FOLDS: Readonly<Record<Fold, readonly StepState[]>> = {
  nothing: [],
  settled: ['unchanged'],
  quiet: ['unchanged', 'done', 'undone', 'planned', 'skipped'],
};

const FOLD_WORDS: Readonly<Partial<Record<StepState, string>>> = {
  unchanged: 'up to date',
  done: 'done',
  undone: 'undone',
  planned: 'to do',
  skipped: 'skipped',
};

function foldedLines(steps: readonly StepView[], options: TreeOptions): readonly Line[] {
  const states = [...new Set(steps.map((step) => step.state))];
  return states.map((state) => ({
    segments: [
      sign(state, options),
      { text: `${steps.filter((step) => step.state === state).length} ${FOLD_WORDS[state] ?? state}`, role: 'quiet' },
    ],
    weight: 0,
  }));
}

function stepLines(step: StepView, options: TreeOptions): readonly Line[] {
  const weight = step.state === 'failed' || step.state === 'retrying' ? 3 : isRunning(step.state) ? 2 : 0;
  const lines = titleLines(step, options).map((segments): Line => ({ segments, weight }));
  return [
    ...lines,
    ...waitingLines(step, options),
    ...failureLines(step, options),
    ...step.findings.flatMap((finding) => findingLines(finding, '    ', options)),
  ];
}

/** Title and tail on one line; at the end, what does not fit stands below it. */
function titleLines(step: StepView, options: TreeOptions): readonly (readonly Segment[])[] {
  const title = sanitize(step.title);
  const rest = tail(step, options);
  const segments: readonly Segment[] = [sign(step.state, options), { text: title }, { text: rest, role: 'quiet' }];
  if (!options.final || 4 + widthOf(title) + widthOf(rest) <= options.width) return [segments];
  const [first = '', ...more] = wrap(`${title}${rest}`, options.width - 4);
  return [[sign(step.state, options), { text: first }], ...more.map((text): readonly Segment[] => [{ text: `    ${text}` }])];
}

function sign(state: StepState, options: TreeOptions): Segment {
  const spinning = state === 'running' || state === 'waiting';
  if (spinning && options.final) return { text: options.ascii ? '  ! ' : '  ■ ', role: 'warn' };
  const [rich, ascii, role] = SIGNS[state];
  const wheel = options.ascii ? SPINNER_ASCII : SPINNER;
  return { text: `  ${spinning ? wheel[options.frame % wheel.length] : options.ascii ? ascii : rich} `, role };
}

function tail(step: StepView, options: TreeOptions): string {
  if (isRunning(step.state)) {
    const progress = step.progress === undefined ? '' : `  ${sanitize(step.progress)}`;
    return `  ${formatDuration(Math.max(0, options.nowMs - step.sinceMs))}${progress}`;
  }
  if (step.reason !== undefined) return `  ${sanitize(step.reason)}`;
  return step.tookMs === undefined ? '' : `  ${formatDuration(step.tookMs)}`;
}

function waitingLines(step: StepView, options: TreeOptions): readonly Line[] {
  if (!step.waiting) return [];
  const { forMs, boundMs } = step.waiting;
  const bound = `(${formatDuration(forMs)} of at most ${formatDuration(boundMs)})`;
  const text = sanitize(waitText(step.waiting));
  const room = options.width - 4 - widthOf(bound) - 1;
  return [{ segments: [{ text: `    ${room > 10 ? fit(text, room) : text} ${bound}`, role: 'warn' }], weight: 2 }];
}

function failureLines(step: StepView, options: TreeOptions): readonly Line[] {
  if (!step.error) return [];
  const { code, message, fix, at, object } = step.error;
  const sentence = `${code}: ${at ? `${formatPosition(at)}: ` : ''}${sanitize(message)}`;
  const lines = options.final ? wrap(sentence, options.width - 4) : [sentence];
  const more = options.final
    ? [
        ...(object === undefined ? [] : [`object: ${sanitize(object)}`]),
        `fix: ${sanitize(fix)}`,
        `explain: slipway explain ${code}`,
      ].flatMap((text) => wrap(text, options.width - 4))
    : [];
  return [
    ...lines.map((text): Line => ({ segments: [{ text: `    ${text}`, role: 'bad' }], weight: 3 })),
    ...more.map((text): Line => ({ segments: [{ text: `    ${text}` }], weight: 0 })),
  ];
}

function findingLines(finding: Finding, indent: string, options: TreeOptions): readonly Line[] {
  const warning = finding.level === 'warning';
  const text = `${warning ? 'warning' : 'note'}${finding.code === undefined ? '' : ` ${finding.code}`}: ${finding.at ? `${formatPosition(finding.at)}: ` : ''}${sanitize(finding.message)}`;
  const lines = options.final ? wrap(text, options.width - indent.length) : [text];
  return lines.map((line) => ({ segments: [{ text: `${indent}${line}`, role: warning ? 'warn' : 'plain' }], weight: warning ? 1 : 0 }));
}

/** Breaks at spaces; what has none is cut hard. Nothing is lost. */
export function wrap(text: string, width: number): readonly string[] {
  const limit = Math.max(8, width);
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ').flatMap((part) => chunks(part, limit))) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > limit) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function chunks(word: string, limit: number): readonly string[] {
  if (widthOf(word) <= limit) return [word];
  const pieces: string[] = [''];
  for (const character of word) {
    const last = pieces.length - 1;
    if (widthOf(`${pieces[last]}${character}`) > limit) pieces.push(character);
    else pieces[last] += character;
  }
  return pieces;
}

function paintLine(line: Line, options: TreeOptions): string {
  let room = options.width;
  let text = '';
  for (const segment of line.segments) {
    const cut = options.ascii ? fit(segment.text, room).replace('…', '~') : fit(segment.text, room);
    text += options.paint(segment.role ?? 'plain', cut);
    room -= widthOf(cut);
  }
  return text;
}
