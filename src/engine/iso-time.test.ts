import { expect, it } from 'vitest';
import { isoTime } from './iso-time.ts';

it('writes ISO 8601 in UTC with milliseconds, also for fractions of them', () => {
  expect(isoTime(0)).toBe('1970-01-01T00:00:00.000Z');
  expect(isoTime(1_767_225_600_001.75)).toBe('2026-01-01T00:00:00.001Z');
});
