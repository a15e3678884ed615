/**
 * From what went wrong on the wire or in an answer to a coded error: a ladder of rules, most specific first.
 * Texts of answers about Secrets lose every quoted value. Source of the shapes: metav1.Status,
 * k8s.io/apimachinery/pkg/api/errors.
 */
import type { Code } from '../core/codes.ts';
import { SlipwayError, type SlipwayErrorOptions } from '../core/errors.ts';
import { readConflicts, type StatusCause } from './conflicts.ts';
import type { TransportFailure } from './transport.ts';

/** What was asked, for the sentence of an error. */
export interface About {
  /** Infinitive: `apply`, `get`, `watch`. */
  readonly verb: string;
  /** `Kind/namespace/name`, a kind, or a path. */
  readonly target: string;
  readonly server: string;
}

export interface Status {
  readonly message: string;
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  readonly retryAfterMs?: number;
}

/** Undefined when the text is no metav1.Status. */
export function parseStatus(text: string): Status | undefined {
  try {
    const body = JSON.parse(text) as {
      kind?: string;
      message?: string;
      reason?: string;
      details?: { causes?: StatusCause[]; retryAfterSeconds?: number };
    };
    if (body.kind !== 'Status') return undefined;
    const seconds = body.details?.retryAfterSeconds;
    return {
      message: body.message ?? '',
      reason: body.reason ?? '',
      causes: body.details?.causes ?? [],
      ...(seconds !== undefined && seconds > 0 && { retryAfterMs: seconds * 1000 }),
    };
  } catch {
    return undefined;
  }
}

export function transportError(failure: TransportFailure, about: About): SlipwayError {
  const codes: Readonly<Record<TransportFailure['kind'], Code>> = {
    refused: 'SLW-KUB-001',
    lost: 'SLW-KUB-001',
    timeout: 'SLW-KUB-001',
    silent: 'SLW-KUB-002',
    untrusted: 'SLW-KUB-003',
    protocol: 'SLW-KUB-017',
    proxy: 'SLW-KUB-025',
  };
  return new SlipwayError(codes[failure.kind], `cannot ${about.verb} ${about.target} at ${about.server}: ${failure.message}`, {
    cause: failure,
    data: { server: about.server },
  });
}

interface Answer {
  readonly status: number;
  readonly text: string;
}

interface Rule {
  readonly code: Code;
  readonly applies: (status: number, answer: Status) => boolean;
  readonly options?: (answer: Status, about: About) => SlipwayErrorOptions & { readonly message?: string };
}

const IMMUTABLE =
  /field is immutable|may not change once set|updates to .* for fields other than|is immutable after creation|cannot be changed|immutable field/i;
const UNKNOWN_FIELD = /strict decoding error|unknown field|field not declared in schema|duplicate field/;
const STALE = new Set(['Conflict', 'AlreadyExists']);

const rules: readonly Rule[] = [
  { code: 'SLW-KUB-004', applies: (status) => status === 401 },
  {
    code: 'SLW-KUB-019',
    applies: (status, answer) => status === 403 && answer.causes.some((cause) => cause.reason === 'NamespaceTerminating'),
  },
  {
    code: 'SLW-KUB-005',
    applies: (status, answer) => status === 403 && /cannot \S+ (?:resource|path)|^forbidden|is forbidden: User/.test(answer.message),
    options: permission,
  },
  {
    code: 'SLW-KUB-011',
    applies: (status, answer) => status === 403 || /admission webhook .* denied|denied request|^admission plugin/.test(answer.message),
  },
  {
    code: 'SLW-KUB-016',
    applies: (status, answer) => status >= 400 && /failed calling webhook|conversion webhook .* failed/.test(answer.message),
  },
  { code: 'SLW-KUB-007', applies: (status, answer) => status === 409 && readConflicts(answer.causes).length > 0, options: conflict },
  { code: 'SLW-KUB-008', applies: (status, answer) => status === 409 || status === 410 || STALE.has(answer.reason) },
  {
    code: 'SLW-KUB-012',
    applies: (status, answer) => status === 404 && /could not find the requested resource|^404 page not found/.test(answer.message),
  },
  { code: 'SLW-KUB-006', applies: (status) => status === 404 },
  { code: 'SLW-KUB-010', applies: (status, answer) => status === 422 && isImmutable(answer), options: invalid },
  {
    code: 'SLW-KUB-015',
    applies: (status, answer) => (status === 400 || status === 422 || status === 500) && UNKNOWN_FIELD.test(answer.message),
  },
  {
    code: 'SLW-KUB-009',
    applies: (status, answer) =>
      status === 422 ||
      /failed to create typed patch|failed to convert new object|unable to decode|cannot unmarshal|error decoding/.test(answer.message),
    options: invalid,
  },
  { code: 'SLW-KUB-014', applies: (status) => status === 429 },
  { code: 'SLW-KUB-013', applies: (status) => status >= 500 },
];

const OTHERWISE: Rule = { code: 'SLW-KUB-018', applies: () => true };

/** The error for an answer that is not a success. */
export function answerError(answer: Answer, about: About): SlipwayError {
  const status = parseStatus(answer.text) ?? plainStatus(answer);
  if (!status)
    return new SlipwayError(
      'SLW-KUB-017',
      `cannot ${about.verb} ${about.target}: ${about.server} answered ${answer.status} with no Kubernetes status`,
      { data: { status: answer.status } },
    );
  const clean = about.target.startsWith('Secret') ? withoutValues(status) : status;
  const rule = rules.find((candidate) => candidate.applies(answer.status, clean)) ?? OTHERWISE;
  const { message = `cannot ${about.verb} ${about.target}: ${oneLine(clean.message)}`, ...options } = rule.options?.(clean, about) ?? {};
  return new SlipwayError(rule.code, message, {
    object: about.target,
    ...(clean.retryAfterMs !== undefined && { retryAfterMs: clean.retryAfterMs }),
    ...options,
  });
}

export function isImmutable(status: Status): boolean {
  return status.causes.some((cause) => IMMUTABLE.test(cause.message ?? '')) || IMMUTABLE.test(status.message);
}

/** Some layers of the API server (authentication, unknown paths, start-up) answer in plain text. */
function plainStatus({ status, text }: Answer): Status | undefined {
  const plain = text.trim();
  if (status === 401 || status === 429 || status >= 500)
    return { message: oneLine(plain).slice(0, 300) || `HTTP ${status}`, reason: '', causes: [] };
  return status === 404 && plain.startsWith('404 page not found') ? { message: plain, reason: '', causes: [] } : undefined;
}

function permission(status: Status): SlipwayErrorOptions {
  const match =
    /User "([^"]*)" cannot (\S+) (?:resource|path) "([^"]*)"(?: in API group "([^"]*)")?(?:.* in the namespace "([^"]*)")?/.exec(
      status.message,
    );
  if (!match) return {};
  const [, user, verb, resource, group, namespace] = match;
  return { data: { user, verb, resource, ...(group !== undefined && { group }), ...(namespace !== undefined && { namespace }) } };
}

function conflict(status: Status, about: About): SlipwayErrorOptions & { readonly message: string } {
  const conflicts = readConflicts(status.causes);
  const owners = conflicts.map(({ field, manager }) => `${field} is owned by ${manager}`);
  return { message: `cannot ${about.verb} ${about.target}: ${owners.join(', ')}`, data: { conflicts } };
}

function invalid(status: Status, about: About): SlipwayErrorOptions & { readonly message?: string } {
  const fields = status.causes.filter((cause) => cause.field !== undefined && cause.field !== '<nil>');
  if (fields.length === 0) return {};
  const list = fields.map((cause) => `${cause.field}: ${shorten(oneLine(cause.message ?? ''))}`);
  return { message: `cannot ${about.verb} ${about.target}: ${list.join('; ')}`, data: { fields: fields.map((cause) => cause.field) } };
}

/** A validation message may repeat the whole value of a field. */
function shorten(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 120)} … ${text.slice(-160)}`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}

/** Server texts quote values in several ways: `Invalid value: "x"`, `Value:"x"`, `got "x"`, Go structs in braces. */
function withoutValues(status: Status): Status {
  return {
    ...status,
    message: maskValues(status.message),
    causes: status.causes.map((cause) => ({ ...cause, ...(cause.message !== undefined && { message: maskValues(cause.message) }) })),
  };
}

export function maskValues(text: string): string {
  return text
    .replaceAll(/(Invalid value|Unsupported value|Duplicate value|Value|got|near|value):?\s*"(?:[^"\\]|\\.)*"/g, '$1: •••')
    .replaceAll(/&?(?:value\.)?valueUnstructured\{[^}]*\}/g, '•••')
    .replaceAll(/(Invalid value|Value):\s*[^"\s•][^:,;}]*/g, '$1: •••')
    .replaceAll(/\{(?:[^{}]|\{[^{}]*\})*\}/g, '{•••}');
}
