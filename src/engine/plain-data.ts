/** What is hashed or kept must be plain data. */
import type { Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';

/** A JSON copy: sets and maps become lists, bytes base64, big integers text. @throws SLW-ENG-012 for what has no JSON form (a circle) */
export function toPlain(value: unknown, what: string): Json {
  try {
    const text = JSON.stringify(value, replace) as string | undefined;
    return text === undefined ? null : (JSON.parse(text) as Json);
  } catch (thrown) {
    throw new SlipwayError('SLW-ENG-012', `${what} is no plain data`, { cause: thrown });
  }
}

function replace(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Map) return [...value.entries()];
  if (value instanceof Set) return [...value.values()];
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  return value;
}
