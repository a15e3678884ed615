/** Draws what `tmux capture-pane -e` gives as SVG: a grid of characters, the sixteen colours, bold. Pure. */

interface Style {
  readonly color: string | undefined;
  readonly isBold: boolean;
}

interface Span extends Style {
  readonly column: number;
  readonly text: string;
}

const PLAIN: Style = { color: undefined, isBold: false };
const COLORS: Readonly<Record<number, string>> = {
  30: '#484f58',
  31: '#ff7b72',
  32: '#3fb950',
  33: '#d29922',
  34: '#58a6ff',
  35: '#bc8cff',
  36: '#39c5cf',
  37: '#b1bac4',
  90: '#8b949e',
};
const CHARACTER_WIDTH = 8.4;
const LINE_HEIGHT = 19;
const PADDING = 14;

/** One SVG document; the width is that of `columns` characters. */
export function terminalSvg(screen: string, columns: number): string {
  const lines = screen.replace(/\n+$/, '').split('\n').map(toSpans);
  const width = Math.ceil(columns * CHARACTER_WIDTH) + 2 * PADDING;
  const height = lines.length * LINE_HEIGHT + 2 * PADDING;
  const rows = lines.flatMap((spans, row) => spans.map((span) => drawSpan(span, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A recorded terminal session">`,
    `<rect width="100%" height="100%" rx="6" fill="#0d1117"/>`,
    `<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14" fill="#e6edf3" xml:space="preserve">`,
    ...rows,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

/** The escape sequences of colours become styles; no others come out of a captured pane. */
function toSpans(line: string): readonly Span[] {
  const spans: Span[] = [];
  let style = PLAIN;
  let column = 0;
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes !== undefined) {
      style = codes.split(';').map(Number).reduce(applyCode, style);
      continue;
    }
    if (part.trim() !== '') spans.push({ ...style, column, text: part });
    column += [...part].length;
  }
  return spans;
}

function applyCode(style: Style, code: number): Style {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...style, isBold: true };
  if (code === 22) return { ...style, isBold: false };
  if (code === 39) return { ...style, color: undefined };
  return COLORS[code] === undefined ? style : { ...style, color: COLORS[code] };
}

function drawSpan({ column, text, color, isBold }: Span, row: number): string {
  const leading = text.length - text.trimStart().length;
  const shown = text.trim();
  const x = PADDING + (column + leading) * CHARACTER_WIDTH;
  const y = PADDING + (row + 0.75) * LINE_HEIGHT;
  const look = `${color === undefined ? '' : ` fill="${color}"`}${isBold ? ' font-weight="bold"' : ''}`;
  const width = ([...shown].length * CHARACTER_WIDTH).toFixed(1);
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" textLength="${width}"${look}>${escapeXml(shown)}</text>`;
}

const escapeXml = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
