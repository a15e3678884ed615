/** What `slipway explain FIELD` knows: a field by its path, with its type, default, allowed values and what is below it. */
import type { Json } from '../core/digest.ts';
import { SlipwayError } from '../core/errors.ts';
import { closest } from '../core/ids.ts';
import { type Field, fieldTree } from './field-tree.ts';
import { isKind, kinds } from './kinds/registry.ts';

export interface FieldExplanation {
  /** From the kind on, `*` for any name, `[]` for any item: `Cluster.spec.gitops.repositories.*.git.url`. */
  readonly path: string;
  readonly type: string;
  readonly description: string;
  readonly required: boolean;
  readonly secret: boolean;
  readonly default?: Json;
  readonly allowed?: readonly Json[];
  readonly pattern?: string;
  readonly range?: string;
  readonly examples?: readonly Json[];
  /** `exactly one of git, oci` */
  readonly rule?: string;
  /** `provisioner: local` */
  readonly only?: string;
  readonly children: readonly { readonly name: string; readonly type: string; readonly required: boolean; readonly description: string }[];
}

/**
 * Explains a field such as `Cluster`, `Cluster.spec.gitops` or, without the kind where it is clear, `spec.gitops`. Names in
 * mappings may be anything: `Cluster.spec.gitops.repositories.fleet.git`, or left out. The kind's case does not matter.
 * @throws SlipwayError SLW-CFG-043
 */
export function explainField(text: string): FieldExplanation {
  const segments = toSegments(text);
  const roots = rootsFor(segments[0] ?? '');
  const isNamed = roots.length === 1;
  const rest = isNamed ? segments.slice(1) : segments;
  const tries = roots.map((kind) => {
    const literal = follow(fieldTree(kind), rest);
    const shorter = literal.field === undefined ? follow(fieldTree(kind), rest, valueChild) : literal;
    return shorter.field === undefined ? literal : shorter;
  });
  const found = tries.find((result) => result.field !== undefined)?.field;
  if (found && (isNamed || rest.length > 0)) return toExplanation(found);
  throw noSuchField(text, rest.length === 0 ? undefined : tries.at(-1));
}

function toSegments(text: string): readonly string[] {
  const path = text.replaceAll('[]', '.[]').replaceAll(/\[\d+\]/g, '.[]');
  return path.split('.').filter((segment) => segment !== '');
}

function rootsFor(first: string) {
  const all = Object.keys(kinds).filter(isKind);
  const named = all.find((kind) => kind.toLowerCase() === first.toLowerCase());
  return named ? [named] : all;
}

interface Followed {
  readonly field?: Field;
  /** The last field on the way that exists, and the segment it does not have. */
  readonly parent: Field;
  readonly missing: string;
}

function follow(root: Field, segments: readonly string[], skip?: typeof valueChild): Followed {
  let field = root;
  for (const segment of segments) {
    const next =
      skip?.(field, segment) ??
      field.children.find((child) => child.name === segment) ??
      field.children.find((child) => child.name === '*') ??
      itemChild(field, segment);
    if (!next) return { parent: field, missing: segment };
    field = next;
  }
  return { field, parent: field, missing: '' };
}

/** `patches.target` for `patches[].target`. */
function itemChild(field: Field, segment: string): Field | undefined {
  return field.children.find((child) => child.name === '[]')?.children.find((child) => child.name === segment);
}

/** `repositories.git` for `repositories.*.git`: the name in between left out. */
function valueChild(field: Field, segment: string): Field | undefined {
  return field.children.find((child) => child.name === '*')?.children.find((child) => child.name === segment);
}

function noSuchField(text: string, followed: Followed | undefined): SlipwayError {
  if (!followed) return new SlipwayError('SLW-CFG-043', `there is no field "${text}"`);
  const known = followed.parent.children.map((child) => child.name);
  const near = closest(followed.missing, known);
  const fix =
    near !== undefined
      ? `did you mean ${followed.parent.path}.${near}?`
      : known.length > 0
        ? `${followed.parent.path} has: ${known.join(', ')}`
        : `${followed.parent.path} has no fields below it`;
  return new SlipwayError('SLW-CFG-043', `there is no field "${text}"`, { fix });
}

/** What is said of one field of a tree. */
export function toExplanation(field: Field): FieldExplanation {
  const children = field.children.map(({ name, type, required, description }) => ({ name, type, required, description }));
  return {
    path: field.path,
    type: field.type,
    description: field.description,
    required: field.required,
    secret: field.isSecret,
    children,
    ...(field.default !== undefined && { default: field.default }),
    ...(field.allowed.length > 0 && { allowed: field.allowed }),
    ...(field.pattern !== undefined && { pattern: field.pattern }),
    ...(field.range !== undefined && { range: field.range }),
    ...(field.examples.length > 0 && { examples: field.examples }),
    ...(field.rule !== undefined && { rule: field.rule }),
    ...(field.only !== undefined && { only: field.only }),
  };
}

/** The explanation as lines for a person. */
export function explanationLines(field: FieldExplanation): readonly string[] {
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['type', field.type],
    ['required', field.required ? 'yes' : undefined],
    ['only with', field.only],
    ['default', showDefault(field.default)],
    ['allowed', field.allowed?.map(showJson).join(', ')],
    ['range', field.range],
    ['takes', field.rule],
    ['example', field.examples?.map(showJson).join('   ')],
  ];
  const lines = [
    field.path,
    '',
    field.description,
    '',
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(10)} ${value}`])),
  ];
  if (field.children.length === 0) return lines;
  const width = Math.max(...field.children.map((child) => child.name.length)) + 2;
  return [...lines, '', 'fields', ...field.children.map((child) => `  ${child.name.padEnd(width)}${firstSentence(child.description)}`)];
}

/** Empty mappings stand for the defaults of their fields, which are shown there. */
export function showDefault(value: Json | undefined): string | undefined {
  if (value === undefined) return undefined;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0 ? undefined : showJson(value);
}

export function showJson(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function firstSentence(text: string): string {
  return /^.*?\.(?= |$)/.exec(text)?.[0] ?? text;
}
