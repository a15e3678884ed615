/**
 * Keeps a block of lines at the bottom of a terminal and changes only what differs. Knows escapes and rows, nothing of runs.
 * Every frame is one write inside a synchronized update (terminals without it ignore the mode), so that none is seen half.
 */
import type { TextOutput } from '../../host/host.ts';
import { widthOf } from './text-width.ts';

const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';

export class Painter {
  readonly #output: TextOutput;
  #shown: readonly string[] = [];
  #columns = 0;
  #cursorHidden = false;

  constructor(output: TextOutput) {
    this.#output = output;
  }

  /** Replaces the block. The lines must fit the terminal's width. */
  draw(lines: readonly string[]): void {
    const columns = this.#output.columns();
    if (columns === this.#columns && sameLines(lines, this.#shown)) return;
    const body = columns === this.#columns ? this.#difference(lines) : `${this.#home()}\x1b[0J${lines.map((line) => `${line}\n`).join('')}`;
    this.#write(body);
    this.#shown = lines;
    this.#columns = columns;
  }

  /** Prints lines that stay, above the block. */
  print(lines: readonly string[]): void {
    const block = this.#shown.map((line) => `${line}\n`).join('');
    this.#write(`${this.#home()}\x1b[0J${lines.map((line) => `${line}\n`).join('')}${block}`);
  }

  /** Takes the block away. */
  clear(): void {
    if (this.#shown.length > 0) this.#write(`${this.#home()}\x1b[0J`);
    this.#shown = [];
  }

  /** The block stays on the screen as it is; the next one begins below. */
  leave(): void {
    this.#shown = [];
    this.release();
  }

  /** Shows the cursor again; safe to call at any time, also when nothing was drawn. */
  release(): void {
    if (this.#cursorHidden) this.#output.write(SHOW_CURSOR);
    this.#cursorHidden = false;
  }

  /** To the first column of the block's first line; counts rows anew when the window became narrower and lines wrapped. */
  #home(): string {
    const columns = Math.max(1, this.#output.columns());
    const rows = this.#shown.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    return rows === 0 ? '' : `\x1b[${rows}A\r`;
  }

  #difference(lines: readonly string[]): string {
    let body = this.#home();
    for (const [index, line] of lines.entries()) body += line === this.#shown[index] ? '\n' : `${line}\x1b[0K\n`;
    return lines.length < this.#shown.length ? `${body}\x1b[0J` : body;
  }

  #write(body: string): void {
    const hide = this.#cursorHidden ? '' : HIDE_CURSOR;
    this.#cursorHidden = true;
    this.#output.write(`${BEGIN}${hide}${body}${END}`);
  }
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, index) => line === b[index]);
}
