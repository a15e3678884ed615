import { describe, expect, it } from 'vitest';
import { codes } from '../../src/core/codes.ts';
import { exitMeanings } from '../../src/core/exits.ts';
import { readSources } from './sources.ts';

const sources = readSources('src').filter((file) => !file.path.endsWith('.test.ts') && !file.path.startsWith('src/core/codes'));
const mentioned = new Set(sources.flatMap((file) => file.text.match(/SLW-[A-Z]+-\d{3}/g) ?? []));

describe('outcome codes', () => {
  it('that the code mentions are all in the registry', () => {
    expect([...mentioned].filter((code) => !Object.hasOwn(codes, code) && code !== 'SLW-XXX-000')).toEqual([]);
  });

  it('in the registry are all used', () => {
    expect(Object.keys(codes).filter((code) => !mentioned.has(code))).toEqual([]);
  });

  it.each(Object.entries(codes))('%s is well written', (_code, entry) => {
    expect(entry.title).not.toMatch(/\.$/);
    expect(entry.explain).toMatch(/\.$/);
    expect(entry.explain.length).toBeGreaterThan(40);
    expect(entry.fix).not.toMatch(/\.$/);
    expect(exitMeanings).toHaveProperty(String(entry.exit));
  });

  it('that only a person can mend end with 75, 64 or their own', () => {
    const odd = Object.entries(codes).filter(([, entry]) => entry.retry === 'backoff' && (entry.exit === 64 || entry.exit === 65));
    expect(odd.map(([code]) => code)).toEqual([]);
  });
});
