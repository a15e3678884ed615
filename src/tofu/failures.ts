/**
 * From what tofu and a provider say to our vocabulary of failures. Providers speak prose; the table knows the error codes that
 * clouds put into it (AWS: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html). What it does not know is
 * a plain failure with the provider's own words.
 */
import type { Code } from '../core/codes.ts';
import { SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { shorten } from '../core/shorten.ts';
import type { TofuDiagnostic } from './messages.ts';
import type { RunResult } from './runner.ts';

interface Pattern {
  readonly code: Code;
  readonly pattern: RegExp;
}

/** The first that fits decides: the most specific first. */
const patterns: readonly Pattern[] = [
  { code: 'SLW-TOF-006', pattern: /Error acquiring the state lock|state (?:is )?already locked|ConditionalCheckFailed[\s\S]*lock/i },
  {
    code: 'SLW-TOF-007',
    pattern: /Saved plan is stale|plan file can no longer be applied|plan does not match the given state|can't apply a stale plan/i,
  },
  { code: 'SLW-TOF-017', pattern: /encrypted payload|decryption failed|message authentication failed/i },
  { code: 'SLW-TOF-020', pattern: /no space left on device|disk quota exceeded/i },
  { code: 'SLW-TOF-016', pattern: /Failed to (?:save|persist) state|errored\.tfstate/i },
  { code: 'SLW-TOF-013', pattern: /Plugin did not respond|plugin process exited|plugin crashed|provider crash|Request cancelled|panic: /i },
  {
    code: 'SLW-TOF-009',
    pattern:
      /No valid credential sources|ExpiredToken|RequestExpired|token (?:is|has) expired|InvalidClientTokenId|SignatureDoesNotMatch|AuthFailure|UnrecognizedClient|InvalidAccessKeyId|failed to refresh cached credentials|could not find default credentials|SSO (?:session|Token)/i,
  },
  {
    code: 'SLW-TOF-010',
    pattern:
      /AccessDenied|UnauthorizedOperation|UnauthorizedAccess|not authorized to perform|AuthorizationError|Forbidden\b|permission denied/i,
  },
  { code: 'SLW-TOF-008', pattern: /Throttl|RequestLimitExceeded|TooManyRequests|SlowDown|Rate exceeded|BandwidthLimitExceeded/i },
  {
    code: 'SLW-TOF-011',
    pattern:
      /LimitExceeded|ServiceQuota|QuotaExceeded|InsufficientInstanceCapacity|MaxSpotInstanceCount|InsufficientFreeAddresses|InsufficientAddressCapacity|LimitReached/i,
  },
  { code: 'SLW-TOF-012', pattern: /AlreadyExists|\.Duplicate\b|EntityAlreadyExists|already exists|BucketAlreadyOwnedByYou|ResourceInUse/i },
  {
    code: 'SLW-TOF-003',
    pattern:
      /Failed to query available provider packages|Failed to install provider|could not connect to registry|Inconsistent dependency lock file|provider registry/i,
  },
  {
    code: 'SLW-TOF-008',
    pattern:
      /dial tcp|i\/o timeout|no such host|connection (?:refused|reset)|TLS handshake|EOF\b|RequestTimeout|ServiceUnavailable|InternalError|InternalFailure|ServerException|request send failed|StatusCode: 5\d\d|exceeded maximum number of attempts/i,
  },
  { code: 'SLW-TOF-021', pattern: /Instance cannot be destroyed|prevent_destroy/i },
  {
    code: 'SLW-TOF-004',
    pattern:
      /Invalid value for (?:input )?variable|No value for required variable|Unsupported argument|Invalid (?:reference|function|expression)|Missing required argument|Unsupported block type|Invalid value for variable|Resource precondition failed|Resource postcondition failed|Invalid combination/i,
  },
];

export interface FailureOf {
  /** Step or workspace, for the message: `Network/main`. */
  readonly object: string;
  /** `plan`, `apply`, … */
  readonly command: string;
}

/** The coded error, or several, of a tofu that failed. */
export function tofuFailure(result: RunResult, of: FailureOf): SlipwayError | SlipwayErrors {
  const errors = result.diagnostics.filter(({ severity }) => severity === 'error').map((diagnostic) => diagnosticError(diagnostic, of));
  const coded = errors.length > 0 ? errors : [withoutDiagnostic(result, of)];
  const [first, ...rest] = sorted(coded);
  if (first === undefined || rest.length === 0) return first ?? withoutDiagnostic(result, of);
  // All of them pass by waiting: one error, which the engine tries again.
  if (first.retry === 'backoff')
    return new SlipwayError(first.code, `${first.message} (and ${rest.length} more)`, {
      data: { ...first.data, others: rest.map(({ message }) => message) },
    });
  return new SlipwayErrors([first, ...rest]);
}

/** One that waiting cures must not hide one that it does not. */
function sorted(errors: readonly SlipwayError[]): readonly SlipwayError[] {
  const rank = ({ retry }: SlipwayError): number => ['no', 'after-user', 'backoff'].indexOf(retry);
  return [...errors].sort((a, b) => rank(a) - rank(b));
}

/** A fault at a place in the module, and of no resource, is the module's own or that of its inputs. */
export function codeOf({ summary, detail, file, address }: Omit<TofuDiagnostic, 'severity'>): Code {
  const text = `${summary}\n${detail}`;
  const fallback = file !== undefined && address === undefined ? 'SLW-TOF-004' : 'SLW-TOF-005';
  return patterns.find(({ pattern }) => pattern.test(text))?.code ?? fallback;
}

function diagnosticError(diagnostic: TofuDiagnostic, of: FailureOf): SlipwayError {
  const { object, command } = of;
  const holder = codeOf(diagnostic) === 'SLW-TOF-006' ? lockHolderOf([diagnostic]) : undefined;
  if (holder) return lockedError(holder, of);
  const { summary, detail, address, file, line } = diagnostic;
  const where = address === undefined ? '' : ` at ${address}`;
  return new SlipwayError(codeOf(diagnostic), `tofu ${command} of ${object} failed${where}: ${sentence(summary, detail)}`, {
    object: address ?? object,
    data: {
      command,
      summary,
      detail: shorten(detail, 4000),
      ...(address !== undefined && { address }),
      ...(file !== undefined && { file, line: line ?? 1 }),
    },
  });
}

function withoutDiagnostic({ code, signal, raw }: RunResult, { object, command }: FailureOf): SlipwayError {
  const last = raw.filter((line) => line.trim() !== '').slice(-5);
  if (signal !== undefined)
    return new SlipwayError('SLW-TOF-022', `tofu ${command} of ${object} was ended by ${signal}`, { object, data: { command, signal } });
  const text = last.join(' ') || `without a word (exit ${code})`;
  return new SlipwayError(codeOf({ summary: text, detail: '' }), `tofu ${command} of ${object} failed: ${shorten(text.trim())}`, {
    object,
    data: { command, code, last },
  });
}

/** The detail's first sentence where it says more than the summary. */
function sentence(summary: string, detail: string): string {
  const first =
    detail
      .trim()
      .split(/\n\s*\n/)[0]
      ?.replaceAll(/\s+/g, ' ') ?? '';
  return shorten(lowerFirst([summary.trim(), first].filter((part) => part !== '').join(': ')).replace(/\.$/, ''), 500);
}

const lowerFirst = (text: string): string => (/^[A-Z][a-z]/.test(text) ? text.charAt(0).toLowerCase() + text.slice(1) : text);

/** Says whose the lock is and since when; `data.lock` has all of it. */
export function lockedError(holder: LockHolder, { object, command }: FailureOf): SlipwayError {
  const since = holder.createdMs === undefined ? '' : ` since ${new Date(holder.createdMs).toISOString()}`;
  const message = `the state of ${object} is locked by ${holder.who}${since} (${holder.operation}, lock ${holder.id})`;
  return new SlipwayError('SLW-TOF-006', message, { object, data: { command, lock: { ...holder } } });
}

/** What tofu tells of a lock that somebody holds. */
export interface LockHolder {
  readonly id: string;
  readonly who: string;
  readonly operation: string;
  /** ms since the epoch; undefined when it could not be read. */
  readonly createdMs?: number;
}

/** Of a failure with a lock in it: whose it is. The template of the text is part of tofu's own format (statemgr.LockInfo). */
export function lockHolderOf(diagnostics: readonly TofuDiagnostic[], raw: readonly string[] = []): LockHolder | undefined {
  const text = [...diagnostics.map(({ summary, detail }) => `${summary}\n${detail}`), raw.join('\n')].find((candidate) =>
    /Lock Info:/.test(candidate),
  );
  if (text === undefined) return undefined;
  const field = (name: string): string => new RegExp(`^[\\s│]*${name}:[ \\t]*(.*)$`, 'm').exec(text)?.[1]?.trim() ?? '';
  const created = Date.parse(field('Created').replace(/^(\S+) (\d\d:\d\d:\d\d)(\.\d{1,3})?\d* \+0000 UTC$/, '$1T$2$3Z'));
  const id = field('ID');
  if (id === '') return undefined;
  return { id, who: field('Who'), operation: field('Operation'), ...(Number.isFinite(created) && { createdMs: created }) };
}
