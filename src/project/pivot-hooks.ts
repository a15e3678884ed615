/**
 * Commands of the user's around a pivot. Contract: run by `/bin/sh -c` in the working folder with the caller's whole environment and
 * SLIPWAY_PIVOT_POINT (before|after), SLIPWAY_PIVOT_SOURCE, SLIPWAY_PIVOT_TARGET (names); bounded; code 0 is success; safe to repeat.
 */
import type { PivotHook } from '../capi/pivot/options.ts';
import { formatDuration } from '../core/duration.ts';
import { SlipwayError } from '../core/errors.ts';
import { sha256 } from '../core/digest.ts';
import type { Host } from '../host/host.ts';

export interface HookContext {
  readonly host: Host;
  readonly source: string;
  readonly target: string;
  readonly timeoutMs: number;
  /** Each line that the command writes, redacted by the caller. */
  readonly onLine: (hook: string, line: string) => void;
}

export interface HookCommands {
  readonly before: readonly string[];
  readonly after: readonly string[];
}

/** In the order given; the names are the same for the same commands, whoever continues. */
export function commandHooks({ before, after }: HookCommands, context: HookContext): readonly PivotHook[] {
  return [
    ...before.map((command, index) => commandHook({ point: 'before', at: 'before-quiesce', command, index }, context)),
    ...after.map((command, index) => commandHook({ point: 'after', at: 'after-release', command, index }, context)),
  ];
}

interface Command {
  readonly point: 'before' | 'after';
  readonly at: PivotHook['at'];
  readonly command: string;
  readonly index: number;
}

/** The command itself is not recorded: it may hold what others must not read. */
function commandHook({ point, at, command, index }: Command, context: HookContext): PivotHook {
  const name = `${point}-${index + 1}-${sha256(command).slice(0, 8)}`;
  return { name, at, run: (signal) => runCommand({ name, point, command }, context, signal) };
}

async function runCommand(
  { name, point, command }: { readonly name: string; readonly point: string; readonly command: string },
  { host, source, target, timeoutMs, onLine }: HookContext,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const env = {
    ...host.env.variables(),
    SLIPWAY_PIVOT_POINT: point,
    SLIPWAY_PIVOT_SOURCE: source,
    SLIPWAY_PIVOT_TARGET: target,
  };
  const say = (line: string): void => onLine(name, line);
  const { code, signal: ended } = await host.processes.run('/bin/sh', ['-c', command], {
    cwd: host.env.cwd,
    env,
    timeoutMs,
    signal,
    onStdoutLine: say,
    onStderrLine: say,
  });
  signal.throwIfAborted();
  if (code === 0) return;
  const how = ended === undefined ? `ended with code ${code}` : `was ended by ${ended}, perhaps after its ${formatDuration(timeoutMs)}`;
  throw new SlipwayError('SLW-PIV-041', `the hook ${name} ${how}`, { object: `Hook/${name}` });
}
