/** Retry arithmetic: capped exponential backoff with full jitter. Pure; the waiting is done by who holds a clock. */

export interface BackoffPolicy {
  readonly baseMs: number;
  readonly capMs: number;
  /** Attempts in all, the first included. */
  readonly attempts: number;
}

export const defaultBackoff: BackoffPolicy = { baseMs: 200, capMs: 10_000, attempts: 6 };

/**
 * Delay before attempt `attempt` + 1 (attempts count from 1); `unit` is a random number in [0, 1).
 * Full jitter as in the AWS Architecture Blog, "Exponential Backoff And Jitter", but never below half the ceiling's tenth.
 */
export function backoffDelayMs(policy: BackoffPolicy, attempt: number, unit: number): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * 2 ** (attempt - 1));
  return Math.max(ceiling / 20, ceiling * unit);
}
