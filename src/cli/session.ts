/**
 * One command while it runs: its view, its signals, its heartbeat, and how it ends. Every event passes the redactor here,
 * so that no command can leak by forgetting.
 */
import { type ErrorRecord, isAbort, SlipwayErrors, toErrorRecords } from '../core/errors.ts';
import { exits } from '../core/exits.ts';
import type { EventBody, SlipwayEvent } from '../engine/events.ts';
import type { OperationOptions } from '../project/operations.ts';
import type { Invocation, Session } from './context.ts';
import type { GlobalFlags, ProjectFlags } from './flags.ts';
import { type Interrupts, watchInterrupts } from './interrupts.ts';
import { createView, type View } from './views.ts';
import type { World } from './world.ts';

const HEARTBEAT_MS = 25_000;

/** Verbs that must outlive a closed stdout: `slipway up | head` still finishes what it began. */
const ACTS = new Set([
  ...['up', 'down', 'pivot run', 'pivot rollback', 'pivot retire', 'toolchain build', 'unlock', 'init', 'serve git'],
  ...['bootstrap init', 'bootstrap update', 'bootstrap destroy', 'cluster init', 'cluster update', 'cluster destroy'],
  ...['vpn client add', 'vpn client revoke'],
]);

/** Runs the command to its exit code; never throws. */
export async function runInvocation(invocation: Invocation, world: World): Promise<number> {
  const view = createView(invocation.flags, world);
  const interrupts = watchInterrupts(world, { say: (line) => view.say([line]), acts: ACTS.has(invocation.command) });
  const pulse = createPulse(world, view);
  const session = createSession(world, view, { interrupts, beat: pulse.beat });
  const { fault, stop } = watchFaults(world);
  try {
    const exit = await Promise.race([invocation.run(session), fault]);
    return interrupts.exit() ?? exit;
  } catch (thrown) {
    return finishWithError(thrown, { world, view, interrupts, flags: invocation.flags });
  } finally {
    stop();
    pulse.stop();
    interrupts.stop();
    view.close();
  }
}

/** What is thrown where nobody waits for it ends the command like any other error: with its code, never with a bare stack. */
function watchFaults({ terminal }: World): { readonly fault: Promise<never>; stop(): void } {
  const { promise, reject } = Promise.withResolvers<never>();
  promise.catch(() => undefined);
  return { fault: promise, stop: terminal.onFault(reject) };
}

interface SessionParts {
  readonly interrupts: Interrupts;
  beat(event: SlipwayEvent): void;
}

function createSession(world: World, view: View, { interrupts, beat }: SessionParts): Session {
  return {
    ...world,
    mode: view.mode,
    paint: view.paint,
    signal: interrupts.signal,
    detach: interrupts.detach,
    emit: (event) => {
      const clean = world.redactor.redactData(event);
      beat(clean);
      view.handle(clean);
    },
    say: (...lines) => view.say(lines.map((line) => world.redactor.redact(line))),
    result: (kind, data, lines) => {
      const event = world.redactor.redactData(stamp(world, { type: 'result', kind, data }));
      view.result(
        event as SlipwayEvent & { readonly type: 'result' },
        lines.map((line) => world.redactor.redact(line)),
      );
    },
    suspend: view.suspend,
  };
}

interface Ending {
  readonly world: World;
  readonly view: View;
  readonly interrupts: Interrupts;
  readonly flags: GlobalFlags;
}

function finishWithError(thrown: unknown, { world, view, interrupts, flags }: Ending): number {
  const interrupted = interrupts.exit();
  if (interrupted !== undefined && (isAbort(thrown) || interrupts.signal.reason === thrown)) return interrupted;
  const records = world.redactor.redactData(toErrorRecords(thrown));
  reportErrors(view, records, world);
  if (flags.verbose) view.say(causes(thrown).map((line) => world.redactor.redact(line)));
  return interrupted ?? exitOf(thrown);
}

/** Errors before there is a session: a command line that was not understood. */
export function failBeforeSession(thrown: unknown, flags: GlobalFlags, world: World): number {
  const view = createView(flags, world);
  reportErrors(view, world.redactor.redactData(toErrorRecords(thrown)), world);
  view.close();
  return exitOf(thrown);
}

function reportErrors(view: View, records: readonly ErrorRecord[], world: World): void {
  view.errors(records, timeNow(world));
}

export function exitOf(thrown: unknown): number {
  if (thrown instanceof SlipwayErrors) return thrown.exit;
  const exit: unknown = thrown instanceof Error && 'exit' in thrown ? thrown.exit : undefined;
  return typeof exit === 'number' ? exit : exits.bug;
}

/** With -v: what lies under the error, innermost last; our own stack only for a bug. */
function causes(thrown: unknown): readonly string[] {
  const lines: string[] = [];
  for (let error = thrown; error instanceof Error && lines.length < 40; error = error.cause) {
    if (error !== thrown) lines.push(`  cause: ${error.message}`);
    if (exitOf(error) === exits.bug) lines.push(...(error.stack ?? '').split('\n').slice(1, 12));
  }
  return lines;
}

type OperationFlags = Pick<ProjectFlags, 'file'> & Partial<Pick<ProjectFlags, 'only' | 'stateDir' | 'toolchain' | 'parallel' | 'timeout'>>;

/** What the shared flags mean to an operation. */
export function operationOptions(session: Session, flags: OperationFlags): OperationOptions {
  const { host, signal, detach, redactor, emit } = session;
  return {
    host,
    signal,
    detach,
    redactor,
    emit,
    file: flags.file,
    only: flags.only ?? [],
    ...(flags.stateDir !== undefined && { stateDir: flags.stateDir }),
    ...(flags.toolchain !== undefined && { toolchainDir: flags.toolchain }),
    ...(flags.parallel !== undefined && { parallel: flags.parallel }),
    ...(flags.timeout !== undefined && { timeoutMs: flags.timeout }),
  };
}

export function timeNow({ host }: World): string {
  return new Date(host.clock.now()).toISOString();
}

export function stamp<B extends EventBody>(world: World, body: B): B & { readonly time: string } {
  return { ...body, time: timeNow(world) };
}

/** Says that work goes on when nothing else was said for a while; a live tree needs no such words. */
function createPulse(world: World, view: View): { beat(event: SlipwayEvent): void; stop(): void } {
  const { clock } = world.host;
  const running = new Set<string>();
  const started = clock.monotonic();
  let last = started;
  const beat = (event: SlipwayEvent): void => {
    last = clock.monotonic();
    if (event.type === 'step.started' || event.type === 'step.intended') running.add(event.step);
    else if ('step' in event && ENDS.has(event.type)) running.delete(event.step);
  };
  const stop = clock.every(5000, () => {
    if (view.mode === 'tty' || running.size === 0 || clock.monotonic() - last < HEARTBEAT_MS - 5000) return;
    last = clock.monotonic();
    view.handle(stamp(world, { type: 'heartbeat', running: [...running], ms: Math.round(last - started) }));
  });
  return { beat, stop };
}

const ENDS = new Set<SlipwayEvent['type']>([
  'step.applied',
  'step.verified',
  'step.unchanged',
  'step.skipped',
  'step.undone',
  'step.forgotten',
  'step.failed',
]);

/** What a command line that could not be read most likely asked for, so that its error comes in the wanted form. */
export function guessFlags(argv: readonly string[]): GlobalFlags {
  const value = argv.flatMap((word, index) =>
    word === '--output' ? [argv[index + 1]] : word.startsWith('--output=') ? [word.slice(9)] : [],
  )[0];
  const output = value === 'json' ? value : value === 'tty' || value === 'plain' ? value : undefined;
  return { noColor: argv.includes('--no-color'), verbose: false, ...(output !== undefined && { output }) };
}
