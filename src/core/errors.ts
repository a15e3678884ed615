/**
 * The failure vocabulary: every error a user may see is a SlipwayError with a code of the registry.
 */
import { type Code, codes } from './codes.ts';

export type Retry = 'no' | 'backoff' | 'after-user';

/** Where a fault stands in a file; line and column start at 1. */
export interface SourcePosition {
  readonly file: string;
  readonly line: number;
  readonly col: number;
}

export interface SlipwayErrorOptions {
  /** Position in a file of the user's. */
  readonly at?: SourcePosition;
  /** The object or step concerned, as `Kind/namespace/name` or a step id. */
  readonly object?: string;
  /** Replaces the registry's general advice by a specific one. */
  readonly fix?: string;
  readonly cause?: unknown;
  /** Overrides the registry's retry class when this instance is known better. */
  readonly retry?: Retry;
  /** The server's own wish (Retry-After), in milliseconds. */
  readonly retryAfterMs?: number;
  /** Further data for `--output json`; never a secret. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/** The one error class of the product; `message` is one lower-case sentence without a period, with the wrong value in it. */
export class SlipwayError extends Error {
  readonly code: Code;
  readonly at: SourcePosition | undefined;
  readonly object: string | undefined;
  readonly fix: string;
  readonly retry: Retry;
  readonly retryAfterMs: number | undefined;
  readonly data: Readonly<Record<string, unknown>> | undefined;

  constructor(code: Code, message: string, options: SlipwayErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SlipwayError';
    const entry = codes[code];
    this.code = code;
    this.at = options.at;
    this.object = options.object;
    this.fix = options.fix ?? entry.fix;
    this.retry = options.retry ?? entry.retry;
    this.retryAfterMs = options.retryAfterMs;
    this.data = options.data;
  }

  get exit(): number {
    return codes[this.code].exit;
  }
}

/** Several errors found at once (a validation); the first decides the exit code. */
export class SlipwayErrors extends Error {
  readonly errors: readonly SlipwayError[];

  constructor(errors: readonly SlipwayError[]) {
    super(errors.map((error) => error.message).join('; '));
    this.name = 'SlipwayErrors';
    this.errors = errors;
  }

  get exit(): number {
    return this.errors[0]?.exit ?? 1;
  }
}

export function isSlipwayError(value: unknown): value is SlipwayError {
  return value instanceof SlipwayError;
}

/** What crosses process and stream borders: the JSON form of an error, without its cause and stack. */
export interface ErrorRecord {
  readonly code: Code;
  readonly message: string;
  readonly fix: string;
  readonly at?: SourcePosition;
  readonly object?: string;
  readonly retry: Retry;
  readonly data?: Readonly<Record<string, unknown>>;
}

/** Turns anything thrown into records; what is not ours is a bug (`SLW-BUG-001`). Abort errors must be handled before. */
export function toErrorRecords(thrown: unknown): readonly ErrorRecord[] {
  if (thrown instanceof SlipwayErrors) return thrown.errors.map(toRecord);
  return [toRecord(asSlipwayError(thrown))];
}

/** What anything thrown says. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

export function asSlipwayError(thrown: unknown): SlipwayError {
  if (isSlipwayError(thrown)) return thrown;
  return new SlipwayError('SLW-BUG-001', `unexpected: ${messageOf(thrown)}`, { cause: thrown });
}

function toRecord(error: SlipwayError): ErrorRecord {
  return {
    code: error.code,
    message: error.message,
    fix: error.fix,
    retry: error.retry,
    ...(error.at && { at: error.at }),
    ...(error.object !== undefined && { object: error.object }),
    ...(error.data && { data: error.data }),
  };
}

/** True for what an AbortSignal throws. */
export function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && (thrown.name === 'AbortError' || thrown.name === 'TimeoutError');
}
