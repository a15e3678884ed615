import { describe, expect, it } from 'vitest';
import { parseIp } from '../../config/cidr.ts';
import { chooseRoute } from './route.ts';

/** As in /proc/net/route of a little-endian machine. */
const row = (device: string, destination: string, mask: string): string => {
  const hex = (address: string): string =>
    address
      .split('.')
      .map((part) => Number(part).toString(16).padStart(2, '0'))
      .toReversed()
      .join('')
      .toUpperCase();
  return `${device}\t${hex(destination)}\t00000000\t0003\t0\t0\t0\t${hex(mask)}\t0\t0\t0`;
};
const table = (...rows: readonly string[]): string =>
  ['Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT', ...rows, ''].join('\n');
const DEFAULT = row('eth0', '0.0.0.0', '0.0.0.0');
const to = (address: string): bigint => parseIp(address)?.value ?? 0n;

describe('the route to a private API', () => {
  it.each([
    ['only the way to the internet', table(DEFAULT), { kind: 'default', device: 'eth0' }],
    ['a VPN beside it', table(DEFAULT, row('tun0', '10.0.0.0', '255.255.0.0')), { kind: 'own', device: 'tun0' }],
    ['a VPN to somewhere else', table(DEFAULT, row('tun0', '10.1.0.0', '255.255.0.0')), { kind: 'default', device: 'eth0' }],
    ['a VPN that takes everything', table(DEFAULT, row('tun0', '0.0.0.0', '128.0.0.0')), { kind: 'own', device: 'tun0' }],
    ['nothing at all', table(), { kind: 'none' }],
  ])('is %s', (_title, text, expected) => {
    expect(chooseRoute(text, to('10.0.3.4'))).toEqual(expected);
  });
});
