/** From what zod finds wrong to errors a person can act on: code, position, the wrong value, the nearest right one. */
import type * as z from 'zod';
import { codes } from '../core/codes.ts';
import { SlipwayError } from '../core/errors.ts';
import { closest } from '../core/ids.ts';
import { type Field, fieldAt } from './field-tree.ts';
import { isKind } from './kinds/registry.ts';
import { NAME_RULE, SECRET_MARK, VALUE_MARK } from './kinds/vocabulary.ts';
import type { FieldPath, SourceDocument } from './source.ts';

type Issue = z.core.$ZodIssue;

export interface FaultContext {
  readonly document: SourceDocument;
  /** `Cluster/demo` */
  readonly subject: string;
  readonly root: Field;
}

/** One issue gives one error or several (each unknown key its own). */
export function explainIssues(issues: readonly Issue[], context: FaultContext): readonly SlipwayError[] {
  return issues.flatMap((issue) => explainIssue(issue, context));
}

function explainIssue(issue: Issue, context: FaultContext): readonly SlipwayError[] {
  const path = issue.path as FieldPath;
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(path, key, context));
  if (issue.code === 'invalid_key') return [invalidKey(path, issue, context)];
  const value = valueAt(context.document.value, path);
  if (value === undefined || value === null) return [missing(path, value, context)];
  if (issue.code === 'invalid_union') return explainUnion(issue, value, context);
  if (issue.code === 'invalid_type') return [wrongType(issue, value, context)];
  return [notAllowed(issue, value, context)];
}

function explainUnion(issue: z.core.$ZodIssueInvalidUnion, value: unknown, context: FaultContext): readonly SlipwayError[] {
  if (issue.message !== VALUE_MARK) return [notAllowed(issue, value, context)];
  // The branch of the reference says what is wrong with a mapping; anything else was meant as text.
  const isMapping = typeof value === 'object' && !Array.isArray(value);
  const branch = issue.errors[isMapping ? 1 : 0] ?? [];
  return branch.flatMap((inner) => explainIssue({ ...inner, path: [...issue.path, ...inner.path] } as Issue, context));
}

function unknownKey(path: FieldPath, key: string, context: FaultContext): SlipwayError {
  const where = path.length === 0 ? context.subject : showField(path);
  const children = fieldAt(context.root, path)?.children ?? [];
  // A field of another variant is known and still wrong here.
  const only = children.find((child) => child.name === key)?.only;
  if (only !== undefined) {
    const fix = `remove it, or write ${only}`;
    return error('SLW-CFG-012', `key "${key}" in ${where} goes only with ${only}`, { context, path: [...path, key], part: 'key', fix });
  }
  const known = children.filter((child) => fitsVariant(child, path, context)).map((child) => child.name);
  const near = closest(key, known);
  const fix = near === undefined ? `remove it, or use one of: ${known.join(', ')}` : `did you mean "${near}"?`;
  return error('SLW-CFG-012', `unknown key "${key}" in ${where}`, { context, path: [...path, key], part: 'key', fix });
}

/** False for a field of another variant than the one that the document names. */
function fitsVariant({ only }: Field, path: FieldPath, { document, root }: FaultContext): boolean {
  const [key = '', wanted] = only?.split(': ') ?? [];
  const named = valueAt(document.value, [...path, key]);
  const isNamed = fieldAt(root, [...path, key])?.allowed.some((word) => word === named) === true;
  return only === undefined || !isNamed || named === wanted;
}

function invalidKey(path: FieldPath, issue: Issue & { readonly code: 'invalid_key' }, context: FaultContext): SlipwayError {
  const key = String(path.at(-1));
  const rule = issue.issues[0]?.message ?? 'is not allowed';
  return error(rule === NAME_RULE ? 'SLW-CFG-017' : 'SLW-CFG-016', `the key "${key}" in ${showField(path.slice(0, -1))} ${rule}`, {
    context,
    path,
    part: 'key',
    ...nameFix(key, rule),
  });
}

function missing(path: FieldPath, value: unknown, context: FaultContext): SlipwayError {
  const allowed = fieldAt(context.root, path)?.allowed ?? [];
  const message = value === null ? `${showField(path)} has no value` : `${showField(path)} is missing`;
  return error('SLW-CFG-015', message, { context, path, ...(allowed.length > 0 && { fix: `add it, with one of: ${allowed.join(', ')}` }) });
}

const WANTED: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

function wrongType(issue: z.core.$ZodIssueInvalidType, value: unknown, context: FaultContext): SlipwayError {
  const path = issue.path as FieldPath;
  const field = showField(path);
  if (issue.message === SECRET_MARK) return error('SLW-CFG-031', `${field} holds a secret in clear text`, { context, path });
  const wanted = WANTED[issue.expected] ?? issue.expected;
  if (isInsideSecret(path, context) && typeof value !== 'object')
    return error('SLW-CFG-013', `${field} must be ${wanted}`, { context, path });
  const spelling = context.document.spelling(path);
  if (issue.expected === 'string' && isReferenceLike(value)) {
    return error('SLW-CFG-013', `${field} takes no reference, but text`, { context, path, fix: 'write the text itself' });
  }
  if (issue.expected === 'string' && typeof value !== 'object' && spelling !== undefined) {
    return error(
      'SLW-CFG-014',
      `${field}: ${spelling} without quotes is read as the ${typeof value} ${String(value)}, but text is wanted`,
      { context, path, ...quoteFix(spelling, fieldAt(context.root, path)) },
    );
  }
  return error('SLW-CFG-013', `${field} is ${describe(value, issue.expected)}, but ${wanted} is wanted`, {
    context,
    path,
    ...unquoteFix(value, issue.expected),
  });
}

/** Quotes alone do not make 5 a duration: then an example of the field is the better advice. */
function quoteFix(spelling: string, field: Field | undefined): { readonly fix: string } {
  const isFitting = field?.pattern === undefined || new RegExp(field.pattern, 'u').test(spelling);
  const example = field?.examples[0] ?? field?.default;
  return { fix: isFitting || typeof example !== 'string' ? `write "${spelling}"` : `write text such as "${example}"` };
}

function unquoteFix(value: unknown, expected: string): { readonly fix?: string } {
  if (typeof value !== 'string') return {};
  const isBoolean = expected === 'boolean' && /^(?:true|false)$/.test(value);
  const isNumber = (expected === 'number' || expected === 'int') && /^[0-9]+$/.test(value);
  return isBoolean || isNumber ? { fix: `write ${value} without quotes` } : {};
}

/** Scalars are only shown where a scalar is wanted: text in the place of a mapping may be a misplaced secret. */
function describe(value: unknown, expected: string): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a mapping';
  const isScalarWanted = ['string', 'number', 'int', 'boolean'].includes(expected);
  return isScalarWanted ? showValue(value) : typeof value === 'string' ? 'text' : `a ${typeof value}`;
}

function notAllowed(issue: Issue, value: unknown, context: FaultContext): SlipwayError {
  const path = issue.path as FieldPath;
  const field = showField(path);
  if (issue.code === 'custom') return error('SLW-CFG-023', `${field} ${issue.message}`, { context, path });
  const allowed = fieldAt(context.root, path)?.allowed ?? [];
  if (allowed.length > 0) {
    const near = typeof value === 'string' ? closest(value, allowed.map(String)) : undefined;
    const fix = near === undefined ? `use one of: ${allowed.join(', ')}` : `did you mean "${near}"? allowed: ${allowed.join(', ')}`;
    return error('SLW-CFG-016', `${field} is ${showValue(value)}, which is not allowed`, { context, path, fix });
  }
  const code = issue.message === NAME_RULE ? 'SLW-CFG-017' : 'SLW-CFG-016';
  const shown = isInsideSecret(path, context) ? '' : ` is ${showValue(value)}, but`;
  return error(code, `${field}${shown} ${rule(issue)}`, { context, path, ...nameFix(value, issue.message) });
}

function rule(issue: Issue): string {
  if (issue.code === 'too_small') return `must be at least ${issue.minimum}`;
  if (issue.code === 'too_big') return `must be at most ${issue.maximum}`;
  return issue.message;
}

function nameFix(name: unknown, broken: string): { readonly fix?: string } {
  if (broken !== NAME_RULE || typeof name !== 'string') return {};
  const proposal = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '');
  return proposal === '' ? {} : { fix: `write "${proposal}", for example` };
}

function isInsideSecret(path: FieldPath, context: FaultContext): boolean {
  return path.some((_, i) => fieldAt(context.root, path.slice(0, i + 1))?.isSecret === true);
}

function isReferenceLike(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const keys = Object.keys(value);
  return keys.length === 1 && ['env', 'file', 'output'].includes(keys[0] ?? '');
}

/** Long values are cut: the position leads to the rest. */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'a mapping';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

/** `spec.healthChecks[0].name` */
export function showField(path: FieldPath): string {
  if (path.length === 0) return 'the document';
  return path.map((segment, i) => (typeof segment === 'number' ? `[${segment}]` : i === 0 ? segment : `.${segment}`)).join('');
}

/** The part of plain data at a path; undefined where there is none. */
export function valueAt(data: unknown, path: FieldPath): unknown {
  let value = data;
  for (const segment of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<string | number, unknown>)[segment];
  }
  return value;
}

/** `Cluster.spec.gitops`: what `slipway explain` takes. */
function nameForExplain({ context, path }: ErrorPlace): string {
  const [kind = ''] = context.subject.split('/');
  return isKind(kind) && path.length > 0 ? `${kind}.${showField(path)}` : 'KIND.FIELD';
}

interface ErrorPlace {
  readonly context: { readonly document: SourceDocument; readonly subject: string };
  readonly path: FieldPath;
  readonly part?: 'key' | 'value';
  readonly fix?: string;
}

/** An error at a field of a document. */
export function error(code: SlipwayError['code'], message: string, place: ErrorPlace): SlipwayError {
  const at = place.context.document.locate(place.path, place.part ?? 'value');
  const fix = place.fix ?? codes[code].fix.replace('KIND.FIELD', nameForExplain(place));
  return new SlipwayError(code, message, { at, object: place.context.subject, fix });
}
