/** The shape of a measurement, and its table. Every figure is a ratio to a peer measured in the same run, or carries its budget. */

export interface BenchRow {
  readonly what: string;
  /** Ours, with its unit. */
  readonly ours: number;
  readonly unit: 'ms' | 's' | 'MiB' | 'runs';
  /** The peer's figure from the same run, if there is a peer. */
  readonly peer?: { readonly name: string; readonly value: number };
  /** `<= 25` or `>= 10` in words of the budget. */
  readonly budget: string;
  readonly kept: boolean;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? (sorted[middle] ?? 0) : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

export function formatTable(rows: readonly BenchRow[]): string {
  const cells = rows.map((row) => [
    row.what,
    `${round(row.ours)} ${row.unit}`,
    row.peer ? `${round(row.peer.value)} ${row.unit} (${row.peer.name})` : '',
    row.peer ? `${round(row.peer.value / row.ours)} x` : '',
    row.budget,
    row.kept ? 'kept' : 'MISSED',
  ]);
  const head = ['what', 'slipway', 'peer', 'peer / ours', 'budget', ''];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((line) => line[i]?.length ?? 0)));
  return [head, ...cells]
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const round = (value: number): number => (value >= 100 ? Math.round(value) : Number(value.toPrecision(3)));
