/** What is outside of a command: files, processes and time, the terminal, and what may not be shown on it. */
import type { Redactor } from '../core/redaction.ts';
import type { Host, Terminal } from '../host/host.ts';

export interface World {
  readonly host: Host;
  readonly terminal: Terminal;
  readonly redactor: Redactor;
}
