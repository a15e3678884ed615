/** Where events go: one view for each output mode, behind one interface. */
import type { ErrorRecord } from '../core/errors.ts';
import { SLIPWAY_VERSION } from '../core/version.ts';
import type { SlipwayEvent } from '../engine/events.ts';
import type { GlobalFlags, OutputMode } from './flags.ts';
import { errorsLines } from './render/error-text.ts';
import { jsonLine, versionEvent } from './render/json.ts';
import { createPaint, type Paint, wantsColor } from './render/paint.ts';
import { createPlainLog } from './render/plain.ts';
import { TtyView } from './render/tty.ts';
import type { World } from './world.ts';

export interface View {
  readonly mode: OutputMode;
  /** For what goes to stdout. */
  readonly paint: Paint;
  handle(event: SlipwayEvent): void;
  /** Prose for a person, on stderr; nothing in json. */
  say(lines: readonly string[]): void;
  /** The verb's result, on stdout. */
  result(event: SlipwayEvent & { readonly type: 'result' }, lines: readonly string[]): void;
  errors(records: readonly ErrorRecord[], time: string): void;
  suspend(): void;
  close(): void;
}

/** tty on a terminal, plain elsewhere, unless the flag says otherwise. */
export function chooseMode(flags: GlobalFlags, world: World): OutputMode {
  return flags.output ?? (world.terminal.stderr.isTerminal ? 'tty' : 'plain');
}

export function createView(flags: GlobalFlags, world: World): View {
  const mode = chooseMode(flags, world);
  if (mode === 'json') return createJsonView(world);
  return mode === 'tty' ? createTtyView(flags, world) : createPlainView(flags, world);
}

function createJsonView({ host, terminal }: World): View {
  const write = (event: SlipwayEvent): void => terminal.stdout.write(jsonLine(event));
  write(versionEvent(new Date(host.clock.now()).toISOString(), SLIPWAY_VERSION));
  return {
    mode: 'json',
    paint: createPaint(false),
    handle: write,
    say: () => undefined,
    result: (event) => write(event),
    errors: (records, time) => records.forEach((error) => write({ type: 'error', error, time })),
    suspend: () => undefined,
    close: () => undefined,
  };
}

function createPlainView(flags: GlobalFlags, { host, terminal }: World): View {
  const color = (isTerminal: boolean): boolean => wantsColor({ flag: flags.noColor, isTerminal, env: host.env.get });
  const write = (lines: readonly string[]): void => lines.forEach((line) => terminal.stderr.write(`${line}\n`));
  const log = createPlainLog(flags);
  const stop = host.clock.every(1000, () => write(log.due(host.clock.now())));
  return {
    mode: 'plain',
    paint: createPaint(false),
    handle: (event) => write(log.handle(event)),
    say: write,
    result: (_event, lines) => lines.forEach((line) => terminal.stdout.write(`${line}\n`)),
    errors: (records) => write(errorsLines(records, createPaint(color(terminal.stderr.isTerminal)))),
    suspend: () => undefined,
    close: stop,
  };
}

function createTtyView(flags: GlobalFlags, { host, terminal }: World): View {
  const paintFor = (isTerminal: boolean): Paint => createPaint(wantsColor({ flag: flags.noColor, isTerminal, env: host.env.get }));
  const paint = paintFor(terminal.stderr.isTerminal);
  const tree = new TtyView({ output: terminal.stderr, host, paint, verbose: flags.verbose, ascii: isAsciiLocale(host.env.get) });
  terminal.onExit(() => tree.release());
  return {
    mode: 'tty',
    paint: paintFor(terminal.stdout.isTerminal),
    handle: (event) => tree.handle(event),
    say: (lines) => tree.print(lines),
    result: (_event, lines) => {
      tree.close();
      lines.forEach((line) => terminal.stdout.write(`${line}\n`));
    },
    errors: (records) => {
      tree.close();
      errorsLines(records, paint).forEach((line) => terminal.stderr.write(`${line}\n`));
    },
    suspend: () => tree.suspend(),
    close: () => tree.close(),
  };
}

/** POSIX: the first of these that is set decides; C and POSIX promise ASCII only. */
function isAsciiLocale(env: (name: string) => string | undefined): boolean {
  const locale = ['LC_ALL', 'LC_CTYPE', 'LANG'].map(env).find((value) => value !== undefined && value !== '');
  return locale === 'C' || locale === 'POSIX';
}
