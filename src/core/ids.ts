/** Identifiers: names that Kubernetes and DNS accept, and run ids that sort by time. */

/** RFC 1123 label: at most 63 characters, lower-case alphanumerics and '-', no '-' at the ends. */
export function isLabel(text: string): boolean {
  return text.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(text);
}

const CROCKFORD = '0123456789abcdefghjkmnpqrstvwxyz';

/** 26 lower-case characters: 48 bits of time, then 80 random bits (the ULID layout); sorts by time as text. */
export function createSortableId(nowMs: number, random: Uint8Array): string {
  if (random.length < 10) throw new RangeError('a sortable id needs 10 random bytes');
  let time = '';
  for (let rest = nowMs, i = 0; i < 10; i++, rest = Math.floor(rest / 32)) time = CROCKFORD.charAt(rest % 32) + time;
  let bits = 0n;
  for (const byte of random.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  let tail = '';
  for (let i = 0; i < 16; i++, bits >>= 5n) tail = CROCKFORD.charAt(Number(bits & 31n)) + tail;
  return time + tail;
}

/** The candidate nearest to `word` within a third of its length (edit distance with transpositions), for did-you-mean. */
export function closest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
}

function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(cell(a, b, i, j, rows, row));
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}

function cell(a: string, b: string, i: number, j: number, rows: readonly number[][], row: readonly number[]): number {
  const above = rows[i - 1] ?? [];
  const cost = a[i - 1] === b[j - 1] ? 0 : 1;
  const plain = Math.min((above[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (above[j - 1] ?? 0) + cost);
  const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  return swapped ? Math.min(plain, (rows[i - 2]?.[j - 2] ?? 0) + 1) : plain;
}
