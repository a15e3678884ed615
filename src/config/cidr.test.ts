import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { overlaps, parseCidr, parseIp } from './cidr.ts';

const cidr4 = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 })).map(([address, prefix]) => {
  const first = (BigInt(address) >> BigInt(32 - prefix)) << BigInt(32 - prefix);
  const octets = [24n, 16n, 8n, 0n].map((shift) => (first >> shift) & 255n);
  return { text: `${octets.join('.')}/${prefix}`, first, size: 1n << BigInt(32 - prefix) };
});

describe('parseCidr', () => {
  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0.1/16',
    '10.0.0/8',
    '10.0.0.0/08',
    '256.0.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/8/8',
    '',
    '/8',
    'fd00::1/64',
    'fd00::/129',
    '1:2:3:4:5:6:7/64',
    '::1::/8',
    'fd00:::/16',
    '1:2:3:4:5:6:7:8::/128',
    'g::/16',
  ])('refuses %j', (text) => expect(parseCidr(text)).toBeUndefined());

  it.each([
    ['10.0.0.0/8', 4, 0x0a000000n, 0x0affffffn],
    ['0.0.0.0/0', 4, 0n, 0xffffffffn],
    ['192.168.1.1/32', 4, 0xc0a80101n, 0xc0a80101n],
    ['::/0', 6, 0n, (1n << 128n) - 1n],
    ['fd00:10:96::/112', 6, 0xfd000010009600000000000000000000n, 0xfd00001000960000000000000000ffffn],
    ['::1/128', 6, 1n, 1n],
  ] as const)('reads %s', (text, version, first, last) => expect(parseCidr(text)).toEqual({ version, first, last }));

  it('finds first and last address of every range, and ranges overlap exactly when they share an address', () => {
    fc.assert(
      fc.property(cidr4, cidr4, (a, b) => {
        const [left, right] = [parseCidr(a.text), parseCidr(b.text)];
        if (!left || !right) return false;
        const share = (left.first > right.first ? left.first : right.first) <= (left.last < right.last ? left.last : right.last);
        return (
          left.first === a.first &&
          left.last === a.first + a.size - 1n &&
          overlaps(left, right) === share &&
          overlaps(left, right) === overlaps(right, left)
        );
      }),
    );
  });

  it('never lets versions overlap', () => {
    const [four, six] = [parseCidr('0.0.0.0/0'), parseCidr('::/0')];
    expect(four && six && overlaps(four, six)).toBe(false);
  });
});

describe('parseIp', () => {
  it('reads what it takes as the machine does', () => {
    fc.assert(fc.property(fc.ipV6(), (text) => text.includes('.') || parseIp(text)?.version === 6));
    fc.assert(fc.property(fc.ipV4(), (text) => parseIp(text)?.version === 4));
  });
});
