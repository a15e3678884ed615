/** Which interface of this machine leads to an address. Linux tells it in a file; elsewhere nobody is asked. */
import { parseIp } from '../../config/cidr.ts';
import type { Host } from '../../host/host.ts';

export type Route =
  | { readonly kind: 'default' | 'own'; readonly device: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' };

/** `own`: a route narrower than the one to the internet, as a VPN or a peering sets it. IPv4 only. */
export async function routeTo(host: Host, address: string): Promise<Route> {
  const table = host.env.platform === 'linux' ? await host.files.readText('/proc/net/route').catch(() => undefined) : undefined;
  const wanted = parseIp(address);
  if (table === undefined || wanted?.version !== 4) return { kind: 'unknown' };
  return chooseRoute(table, wanted.value);
}

/** The longest matching prefix of the kernel's table (/proc/net/route: hexadecimal, bytes in the machine's order). */
export function chooseRoute(table: string, address: bigint): Route {
  const rows = table
    .split('\n')
    .slice(1)
    .flatMap((line) => readRow(line) ?? []);
  const fitting = rows.filter(({ destination, mask }) => (address & mask) === destination);
  const best = fitting.reduce<(typeof rows)[number] | undefined>(
    (found, row) => (found === undefined || row.mask > found.mask ? row : found),
    undefined,
  );
  if (!best) return { kind: 'none' };
  return { kind: best.mask === 0n || isHalfOfAll(best.mask) ? (isTunnel(best.device) ? 'own' : 'default') : 'own', device: best.device };
}

/** A VPN that takes all traffic sets 0.0.0.0/1 and 128.0.0.0/1 beside the default route. */
const isHalfOfAll = (mask: bigint): boolean => mask === 0x80000000n;

const isTunnel = (device: string): boolean => /^(?:tun|tap|wg|ppp|utun|tailscale)/.test(device);

function readRow(line: string): { readonly device: string; readonly destination: bigint; readonly mask: bigint } | undefined {
  const [device = '', destination = '', , flags = '', , , , mask = ''] = line.trim().split(/\s+/);
  const isUp = (Number.parseInt(flags, 16) & 1) === 1;
  if (!/^[0-9A-F]{8}$/i.test(destination) || !/^[0-9A-F]{8}$/i.test(mask) || !isUp) return undefined;
  return { device, destination: swapBytes(destination), mask: swapBytes(mask) };
}

const swapBytes = (hex: string): bigint => BigInt(`0x${hex.match(/../g)?.toReversed().join('') ?? '0'}`);
