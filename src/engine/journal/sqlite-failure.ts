/** Names what SQLite throws: every failure of a state database becomes a coded error. */
import type { Code } from '../../core/codes.ts';
import { isSlipwayError, messageOf, SlipwayError } from '../../core/errors.ts';

/** Primary result codes, https://www.sqlite.org/rescode.html */
const SQLITE_BUSY = 5;

const byResult: Readonly<Record<number, { readonly code: Code; readonly what: string }>> = {
  3: { code: 'SLW-STA-005', what: 'may not be opened by this user' },
  [SQLITE_BUSY]: { code: 'SLW-STA-007', what: 'is in use by another program' },
  6: { code: 'SLW-STA-007', what: 'is in use by another program' },
  8: { code: 'SLW-STA-005', what: 'is read-only' },
  10: { code: 'SLW-STA-007', what: 'met an input/output fault' },
  11: { code: 'SLW-STA-002', what: 'is damaged' },
  13: { code: 'SLW-STA-006', what: 'could not grow, the disk is full' },
  14: { code: 'SLW-STA-005', what: 'cannot be opened' },
  26: { code: 'SLW-STA-002', what: 'is no SQLite database' },
};

function resultOf(thrown: unknown): number | undefined {
  if (!(thrown instanceof Error) || !('errcode' in thrown) || typeof thrown.errcode !== 'number') return undefined;
  return thrown.errcode & 0xff;
}

export function isBusy(thrown: unknown): boolean {
  return resultOf(thrown) === SQLITE_BUSY;
}

/** The coded form of what SQLite threw about `path`; what is coded already stays as it is. */
export function sqliteFailure(thrown: unknown, path: string): SlipwayError {
  if (isSlipwayError(thrown)) return thrown;
  const known = byResult[resultOf(thrown) ?? -1];
  const detail = messageOf(thrown);
  if (!known) return new SlipwayError('SLW-STA-002', `${path} cannot be used: ${detail}`, { cause: thrown });
  return new SlipwayError(known.code, `${path} ${known.what} (${detail})`, { cause: thrown });
}

/** Runs `act` and throws the coded form of whatever SQLite throws. */
export function guard<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw sqliteFailure(thrown, path);
  }
}
