/** Ctrl-C and SIGTERM: the first asks for a graceful end, the second detaches, the third ends the process at once. */
import { exits } from '../core/exits.ts';
import type { World } from './world.ts';

export interface Interrupts {
  readonly signal: AbortSignal;
  readonly detach: AbortSignal;
  /** Exit code that a received signal asks for; undefined when none came. */
  exit(): number | undefined;
  stop(): void;
}

/** After the second signal, how long the run has to write its last words. */
const DETACH_MS = 5000;

export interface InterruptOptions {
  say(line: string): void;
  /** The command changes the world: it says what a second signal does, and a closed stdout does not end it. */
  readonly acts: boolean;
}

export function watchInterrupts({ terminal, host }: World, { say, acts }: InterruptOptions): Interrupts {
  const graceful = new AbortController();
  const detach = new AbortController();
  let exit: number | undefined;
  let count = 0;
  const stopSignals = terminal.onSignal((name) => {
    count += 1;
    exit = name === 'SIGINT' ? exits.interrupted : exits.terminated;
    if (count === 1) {
      if (acts)
        say(
          `${name}: ending what runs and leaving a state to continue from; once more to detach at once (children keep running and the next run finds them)`,
        );
      graceful.abort(new DOMException(`stopped by ${name}`, 'AbortError'));
      return;
    }
    detach.abort(new DOMException(`detached by ${name}`, 'AbortError'));
    if (count > 2) terminal.exit(exit);
    host.clock.every(DETACH_MS, () => terminal.exit(exit ?? exits.interrupted));
  });
  const stopClosed = acts
    ? () => undefined
    : terminal.onClosed(() => {
        exit ??= exits.done;
        graceful.abort(new DOMException('nobody reads the output any more', 'AbortError'));
      });
  return {
    signal: graceful.signal,
    detach: detach.signal,
    exit: () => exit,
    stop: () => {
      stopSignals();
      stopClosed();
    },
  };
}
