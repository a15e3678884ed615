/** What every command gets from main.ts, and the contract of a command module. */
import type { Redactor } from '../core/redaction.ts';
import type { Host, Terminal } from '../host/host.ts';
import type { GlobalFlags } from './flags.ts';
import type { Session } from './session.ts';

export interface World {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly redactor: Redactor;
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
