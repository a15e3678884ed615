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

/** Optimal string alignment: edit distance where a swap of neighbours counts one. */
function editDistance(a: string, b: string): number {
  const width = b.length + 1;
  const table = new Uint16Array((a.length + 1) * width);
  const at = (i: number, j: number): number => table[i * width + j] ?? 0;
  const isSwap = (i: number, j: number): boolean => i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  for (let i = 0; i <= a.length; i++) {
    for (let j = 0; j < width; j++) {
      const edited =
        i === 0 || j === 0 ? i + j : Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + Number(a[i - 1] !== b[j - 1]));
      table[i * width + j] = isSwap(i, j) ? Math.min(edited, at(i - 2, j - 2) + 1) : edited;
    }
  }
  return at(a.length, b.length);
}
