/**
 * One row of the registry of outcome codes. Codes and exits are API (additive only); the prose is free to change.
 */
export interface CodeEntry {
  /** Noun phrase, lower case: what went wrong in general. */
  readonly title: string;
  /** What it means and where it comes from, for `slipway explain CODE`; two to five sentences. */
  readonly explain: string;
  /** What to do, imperative, one line; shown under the error when the thrower gives no better one. */
  readonly fix: string;
  /** Process exit code: sysexits-like, see `exits` in core/exits.ts. */
  readonly exit: 1 | 64 | 65 | 69 | 70 | 75 | 77;
  /** Whether the same act may succeed later: never unchanged, by waiting, or after a person acted. */
  readonly retry: 'no' | 'backoff' | 'after-user';
}

export type CodeTable = Readonly<Record<`SLW-${string}-${number}`, CodeEntry>>;
