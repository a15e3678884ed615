import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codes, isCode } from './codes.ts';
import { canonicalJson, digestOf, type Json } from './digest.ts';
import { formatDuration, parseDuration } from './duration.ts';
import { SlipwayError, SlipwayErrors, toErrorRecords } from './errors.ts';
import { closest, createSortableId, isLabel } from './ids.ts';
import { Redactor } from './redaction.ts';
import { backoffDelayMs, defaultBackoff } from './retry.ts';

const json = fc.jsonValue() as fc.Arbitrary<Json>;

describe('digest', () => {
  it('does not depend on the order of keys and keeps every value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), json), (record) => {
        const reversed = Object.fromEntries(Object.entries(record).reverse());
        expect(digestOf(reversed)).toBe(digestOf(record));
        expect(JSON.parse(canonicalJson(record))).toEqual(JSON.parse(JSON.stringify(record)));
      }),
    );
  });

  it('differs when one value differs', () => {
    expect(digestOf({ a: [1, 2] })).not.toBe(digestOf({ a: [2, 1] }));
    expect(digestOf({ a: '1' })).not.toBe(digestOf({ a: 1 }));
  });
});

describe('durations', () => {
  it.each([
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    ['250ms', 250],
    ['1.5s', 1500],
  ])('reads %s', (text, ms) => expect(parseDuration(text)).toBe(ms));
  it.each(['', '5', '5d', 'm', '-1s', '1s ', ' 1s', '1m1'])('refuses %j', (text) => expect(parseDuration(text)).toBeUndefined());
  it.each([
    [850, '850ms'],
    [4200, '4.2s'],
    [59_949, '59.9s'],
    [59_951, '1m00s'],
    [185_000, '3m05s'],
    [7_200_000, '2h00m'],
  ])('shows %d ms as %s', (ms, text) => expect(formatDuration(ms)).toBe(text));
});

describe('ids', () => {
  it('sorts by time as text', () => {
    const bytes = fc.uint8Array({ minLength: 10, maxLength: 10 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 47 }), fc.integer({ min: 1, max: 1e9 }), bytes, bytes, (time, gap, a, b) => {
        const earlier = createSortableId(time, a);
        expect(earlier).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
        expect(earlier < createSortableId(time + gap, b)).toBe(true);
      }),
    );
  });

  it('knows an RFC 1123 label', () => {
    for (const good of ['a', '0', 'a-b', 'a'.repeat(63)]) expect(isLabel(good)).toBe(true);
    for (const bad of ['', '-a', 'a-', 'A', 'a.b', 'a_b', 'a'.repeat(64)]) expect(isLabel(bad)).toBe(false);
  });

  it('finds what was meant, and nothing when nothing is near', () => {
    expect(closest('provisoner', ['provisioner', 'gitops'])).toBe('provisioner');
    expect(closest('metadta', ['metadata', 'spec'])).toBe('metadata');
    expect(closest('xyz', ['provisioner', 'gitops'])).toBeUndefined();
  });
});

describe('redaction', () => {
  const secret = fc.string({ minLength: 6, maxLength: 40 }).filter((text) => text.trim().length >= 6);
  it('removes a secret from any text around it, plain, base64, URL and JSON encoded', () => {
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (value, before, after) => {
        const redactor = new Redactor();
        redactor.add(value);
        for (const form of [value, Buffer.from(value).toString('base64'), encodeURIComponent(value)]) {
          expect(redactor.redact(before + form + after)).not.toContain(form);
        }
        expect(JSON.stringify(redactor.redactData({ deep: [before + value + after] }))).not.toContain(JSON.stringify(value).slice(1, -1));
      }),
    );
  });

  it('masks each long line of a multi-line secret but no armour line', () => {
    const redactor = new Redactor();
    redactor.add('-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIKFakeFakeFake\n-----END PRIVATE KEY-----\n');
    expect(redactor.redact('x MC4CAQAwBQYDK2VwBCIEIKFakeFakeFake y')).not.toContain('KFake');
    expect(redactor.redact('-----BEGIN PRIVATE KEY-----')).toContain('BEGIN');
  });
});

describe('backoff', () => {
  it('stays between a twentieth of the ceiling and the cap', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, unit) => {
        const delay = backoffDelayMs(defaultBackoff, attempt, unit);
        expect(delay).toBeGreaterThan(0);
        expect(delay).toBeLessThanOrEqual(defaultBackoff.capMs);
      }),
    );
  });
});

describe('errors', () => {
  it('takes exit, fix and retry from the registry unless told better', () => {
    const plain = new SlipwayError('SLW-HST-002', 'cannot write /x: no space left on device');
    expect(plain).toMatchObject({ exit: 69, retry: 'after-user', fix: codes['SLW-HST-002'].fix });
    expect(new SlipwayError('SLW-HST-002', 'm', { fix: 'do this', retry: 'backoff' })).toMatchObject({ fix: 'do this', retry: 'backoff' });
  });

  it('turns anything thrown into records', () => {
    const known = new SlipwayError('SLW-HST-005', 'command go is not found', { object: 'a/b/c', at: { file: 'f', line: 1, col: 2 } });
    expect(toErrorRecords(new SlipwayErrors([known]))).toMatchObject([{ code: 'SLW-HST-005', object: 'a/b/c', at: { line: 1 } }]);
    expect(toErrorRecords('boom')).toMatchObject([{ code: 'SLW-BUG-001', message: 'unexpected: boom' }]);
  });

  it('keeps the registry well-formed', () => {
    for (const [code, entry] of Object.entries(codes)) {
      expect(code).toMatch(/^SLW-[A-Z]{3}-\d{3}$/);
      expect(isCode(code)).toBe(true);
      expect(entry.title).toMatch(/[^.]$/);
      for (const text of [entry.explain, entry.fix]) expect(text.length).toBeGreaterThan(10);
    }
  });
});
