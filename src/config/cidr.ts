/** Ranges of IP addresses in CIDR notation (RFC 4632, RFC 4291): read strictly, compared as numbers. */

export interface Cidr {
  readonly version: 4 | 6;
  /** Address of the network, as a number. */
  readonly first: bigint;
  readonly last: bigint;
}

/** Undefined when the text is no range; bits behind the prefix must be zero, as Kubernetes wants them. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', prefix = '', more] = text.split('/');
  if (more !== undefined || !/^(?:0|[1-9]\d{0,2})$/.test(prefix)) return undefined;
  const parsed = parseIp(address);
  const bits = parsed?.version === 4 ? 32 : 128;
  if (!parsed || Number(prefix) > bits) return undefined;
  const size = 1n << BigInt(bits - Number(prefix));
  if (parsed.value % size !== 0n) return undefined;
  return { version: parsed.version, first: parsed.value, last: parsed.value + size - 1n };
}

export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.version === b.version && a.first <= b.last && b.first <= a.last;
}

export interface IpAddress {
  readonly version: 4 | 6;
  readonly value: bigint;
}

export function parseIp(text: string): IpAddress | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

function parseIpv4(text: string): IpAddress | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return undefined;
  return { version: 4, value: parts.reduce((value, part) => (value << 8n) | BigInt(part), 0n) };
}

function parseIpv6(text: string): IpAddress | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const missing = 8 - head.length - tail.length;
  const groups = [...head, ...Array.from({ length: halves.length === 2 ? Math.max(missing, 0) : 0 }, () => '0'), ...tail];
  const isComplete = groups.length === 8 && (halves.length === 1 || missing > 0);
  if (!isComplete || !groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return { version: 6, value: groups.reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n) };
}

/** Part of a network that subnets of one sort are cut from. */
const PARTS = { lowerHalf: { shift: 1, index: 0n }, thirdQuarter: { shift: 2, index: 2n } } as const;

export interface SubnetCut {
  readonly part: keyof typeof PARTS;
  readonly count: number;
}

/** `count` equal ranges from a part of a range of IPv4, as large as fit; undefined when the text is no such range or too small. */
export function cutSubnets(text: string, { part, count }: SubnetCut): readonly string[] | undefined {
  const cidr = parseCidr(text);
  if (cidr?.version !== 4) return undefined;
  const { shift, index } = PARTS[part];
  const prefix = Number(text.split('/')[1]) + shift;
  const own = prefix + Math.ceil(Math.log2(count));
  if (own > 32) return undefined;
  const first = cidr.first + index * (1n << BigInt(32 - prefix));
  return Array.from({ length: count }, (_, i) => `${formatIpv4(first + BigInt(i) * (1n << BigInt(32 - own)))}/${own}`);
}

export function formatIpv4(value: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
}

/** Whether `inner` lies in `outer` altogether. */
export function contains(outer: Cidr, inner: Cidr): boolean {
  return outer.version === inner.version && outer.first <= inner.first && inner.last <= outer.last;
}
