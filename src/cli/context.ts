/** What every command gets from main.ts, and the contract of a command module. */
import type { Emit } from '../engine/events.ts';
import type { GlobalFlags, OutputMode } from './flags.ts';
import type { Paint } from './render/paint.ts';
import type { World } from './world.ts';

export interface Session extends World {
  readonly mode: OutputMode;
  /** For lines of a result. */
  readonly paint: Paint;
  readonly signal: AbortSignal;
  readonly detach: AbortSignal;
  readonly emit: Emit;
  /** Prose on stderr; never in json. */
  say(...lines: readonly string[]): void;
  /** The result: data for json, lines on stdout for people. */
  result(kind: string, data: unknown, lines: readonly string[]): void;
  /** Takes the live tree away before a prompt. */
  suspend(): void;
}

/** A command: does its work in a session and returns the exit code; throws SlipwayErrors. Default export of each command module. */
export type CommandRun<F extends GlobalFlags, A extends readonly (string | undefined)[] = readonly []> = (
  session: Session,
  flags: F,
  args: A,
) => Promise<number>;

/** A command line that was understood: which command, and what it will run. */
export interface Invocation {
  readonly command: string;
  readonly flags: GlobalFlags;
  run(session: Session): Promise<number>;
}
