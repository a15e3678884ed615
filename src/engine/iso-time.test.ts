import fc from 'fast-check';
import { expect, it } from 'vitest';
import { isoTime } from './iso-time.ts';

it('writes the same text as the standard library, for every ms from 1970 to 9999', () => {
  const last = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
  for (const ms of [0, last, Date.UTC(2000, 1, 29), Date.UTC(2026, 1, 28, 23, 59, 59, 999), Date.UTC(2100, 2, 1)]) expect(isoTime(ms)).toBe(new Date(ms).toISOString());
  fc.assert(fc.property(fc.integer({ min: 0, max: last }), (ms) => isoTime(ms) === new Date(ms).toISOString()), { numRuns: 500 });
  expect(isoTime(1.75)).toBe('1970-01-01T00:00:00.001Z');
});
