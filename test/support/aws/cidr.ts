/** IPv4 ranges, as far as the account checks them. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

export function rangeOf(cidr: string): Range {
  const [address = '', bits = '32'] = cidr.split('/');
  const number = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const size = 2 ** (32 - Number(bits));
  const first = Math.floor(number / size) * size;
  return { first, last: first + size - 1 };
}

export const overlaps = (a: Range, b: Range): boolean => a.first <= b.last && b.first <= a.last;
export const contains = (outer: Range, inner: Range): boolean => outer.first <= inner.first && inner.last <= outer.last;

/** The n-th address of a range, as text. */
export function addressIn(cidr: string, index: number): string {
  const number = rangeOf(cidr).first + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join('.');
}
