/** Turns a run on a terminal into a live tree: gathers events, draws at most ten frames a second, leaves the final tree behind. */
import type { SlipwayEvent } from '../../engine/events.ts';
import type { Host, TextOutput } from '../../host/host.ts';
import type { Paint } from './paint.ts';
import { Painter } from './painter.ts';
import { emptyScreen, reduceAll, type Screen } from './screen.ts';
import { treeLines } from './tree.ts';

const FRAME_MS = 100;

export interface TtyOptions {
  readonly output: TextOutput;
  readonly host: Host;
  readonly paint: Paint;
  readonly verbose: boolean;
  readonly ascii: boolean;
}

export class TtyView {
  readonly #options: TtyOptions;
  readonly #painter: Painter;
  #screen: Screen = emptyScreen;
  #pending: SlipwayEvent[] = [];
  #frame = 0;
  #stop: (() => void) | undefined;

  constructor(options: TtyOptions) {
    this.#options = options;
    this.#painter = new Painter(options.output);
  }

  handle(event: SlipwayEvent): void {
    this.#pending.push(event);
    if (event.type === 'step.log' && this.#options.verbose) this.print([`${event.step} ${event.source}: ${event.line}`]);
    this.#stop ??= this.#options.host.clock.every(FRAME_MS, () => this.#draw());
  }

  /** Lines that stay, above the tree. */
  print(lines: readonly string[]): void {
    this.#painter.print(lines);
    this.#painter.release();
  }

  /** Takes the tree away, for a prompt; the next event brings it back. */
  suspend(): void {
    this.#stop?.();
    this.#stop = undefined;
    this.#painter.clear();
    this.#painter.release();
  }

  /** The final tree, when there was a run; without one the screen is left as it was found. */
  close(): void {
    this.#settle();
    if (this.#screen.startedMs === undefined) return this.suspend();
    this.#stop?.();
    this.#stop = undefined;
    this.#painter.draw(this.#lines(true));
    this.#painter.leave();
    this.#screen = emptyScreen;
  }

  /** For every way the process may end: the cursor is shown again. */
  release(): void {
    this.#painter.release();
  }

  #draw(): void {
    this.#settle();
    this.#frame += 1;
    if (this.#screen.steps.size > 0) this.#painter.draw(this.#lines(false));
  }

  #settle(): void {
    if (this.#pending.length === 0) return;
    this.#screen = reduceAll(this.#screen, this.#pending);
    this.#pending = [];
  }

  #lines(final: boolean): readonly string[] {
    const { output, host, paint, verbose, ascii } = this.#options;
    const width = Math.max(10, output.columns() - 1);
    const base = { width, nowMs: host.clock.now(), frame: this.#frame, paint, ascii, final, verbose };
    return treeLines(this.#screen, final ? base : { ...base, height: Math.max(3, output.rows() - 2) });
  }
}
