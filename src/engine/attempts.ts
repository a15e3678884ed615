/** Trying again what may succeed later: which failures, how often, after how long. The waiting is done by the injected clock. */
import { SlipwayError, SlipwayErrors, asSlipwayError, isAbort } from '../core/errors.ts';
import { type BackoffPolicy, backoffDelayMs } from '../core/retry.ts';
import type { Clock, Random } from '../host/host.ts';

export type Failure = SlipwayError | SlipwayErrors;

export interface AttemptOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: BackoffPolicy;
  /** No new attempt begins later than this after the first began. */
  readonly boundMs: number;
  readonly signal: AbortSignal;
  /** Told before the wait for the next attempt. */
  readonly onRetry: (failure: Failure, attempt: number, delayMs: number) => Promise<void>;
}

export class GivenUp extends Error {
  readonly failure: Failure;
  readonly attempt: number;

  constructor(failure: Failure, attempt: number) {
    super(failure.message, { cause: failure });
    this.name = 'GivenUp';
    this.failure = failure;
    this.attempt = attempt;
  }
}

/** Runs `act` until it succeeds or may not be tried again. @throws GivenUp, or the abort reason when the signal is aborted */
export async function attempting<T>(act: () => Promise<T>, options: AttemptOptions): Promise<T> {
  const begin = options.clock.monotonic();
  for (let attempt = 1; ; attempt++) {
    options.signal.throwIfAborted();
    try {
      return await act();
    } catch (thrown) {
      if (options.signal.aborted && isAbort(thrown)) throw thrown;
      const failure = toFailure(thrown);
      const delayMs = nextDelayMs(failure, attempt, options);
      const late = delayMs === undefined || options.clock.monotonic() - begin + delayMs > options.boundMs;
      if (late || options.signal.aborted) throw new GivenUp(failure, attempt);
      await options.onRetry(failure, attempt, delayMs);
      await options.clock.sleep(delayMs, options.signal);
    }
  }
}

function nextDelayMs(failure: Failure, attempt: number, options: AttemptOptions): number | undefined {
  if (failure instanceof SlipwayErrors || failure.retry !== 'backoff' || attempt >= options.policy.attempts) return undefined;
  return Math.max(failure.retryAfterMs ?? 0, Math.round(backoffDelayMs(options.policy, attempt, options.random.number())));
}

/** Names whatever a step threw; an abort that nobody of ours asked for is a bound that was reached. */
function toFailure(thrown: unknown): Failure {
  if (thrown instanceof SlipwayErrors) return thrown;
  if (isAbort(thrown)) return new SlipwayError('SLW-ENG-011', 'gave up at the bound of a wait', { cause: thrown });
  return asSlipwayError(thrown);
}
