/** Widths as a terminal counts them: graphemes, wide East Asian characters and emoji as two cells, escapes as none. */
import { stripVTControlCharacters } from 'node:util';

const segmenter = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F/u;
// Ranges of UAX #11 (East Asian Width) classes W and F, coarsened to blocks.
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x2329, 0x232a],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1b000, 0x1b2ff],
  [0x1f200, 0x1f2ff],
  [0x20000, 0x3fffd],
];

/** Cells of one grapheme cluster. */
function cellsOf(grapheme: string): number {
  if (ZERO.test(grapheme)) return 0;
  if (EMOJI.test(grapheme)) return 2;
  const point = grapheme.codePointAt(0) ?? 0;
  return WIDE.some(([from, to]) => point >= from && point <= to) ? 2 : 1;
}

/** Cells of a text without line breaks; escape sequences count nothing. */
export function widthOf(text: string): number {
  const plain = text.includes('\x1b') ? stripVTControlCharacters(text) : text;
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length;
  let cells = 0;
  for (const { segment } of segmenter.segment(plain)) cells += cellsOf(segment);
  return cells;
}

/** Plain text without escapes or control characters (what a server sends must not steer the terminal); line breaks become spaces. */
export function sanitize(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+/g, ' ');
}

/** Cuts plain text to `width` cells, the last one an ellipsis when something was cut off. */
export function fit(text: string, width: number): string {
  if (width <= 0) return '';
  if (widthOf(text) <= width) return text;
  let cells = 0;
  let cut = '';
  for (const { segment } of segmenter.segment(text)) {
    const next = cells + cellsOf(segment);
    if (next > width - 1) break;
    cells = next;
    cut += segment;
  }
  return `${cut}…`;
}

/** Cuts a line that may hold colour escapes; what was cut ends plainly. */
export function cutLine(line: string, width: number): string {
  if (widthOf(line) <= width) return line;
  let room = width - 1;
  let cut = '';
  for (const part of line.split(/(\x1b\[[0-9;]*m)/)) {
    if (part.startsWith('\x1b')) cut += part;
    else if (room > 0) {
      const piece = widthOf(part) <= room ? part : fit(part, room + 1).slice(0, -1);
      cut += piece;
      room = piece === part ? room - widthOf(part) : 0;
    }
  }
  return `${cut}…${line.includes('\x1b') ? '\x1b[0m' : ''}`;
}
