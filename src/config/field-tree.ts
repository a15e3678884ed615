/** The fields of a kind as a tree with plain words: what explain prints, the reference lists and did-you-mean looks through. */
import type { Json } from '../core/digest.ts';
import type { FieldPath } from './source.ts';
import type { Kind } from './kinds/registry.ts';
import { type JsonSchema, kindSchema } from './schema.ts';

export interface Field {
  /** `spec`, `*` for any key of a mapping, `[]` for any item of a list. */
  readonly name: string;
  /** From the kind on: `Cluster.spec.gitops.repositories.*.git.url`. */
  readonly path: string;
  /** For people: `text`, `whole number`, `list of text`, `mapping`, `secret reference`. */
  readonly type: string;
  readonly description: string;
  readonly required: boolean;
  readonly default?: Json;
  readonly allowed: readonly Json[];
  readonly pattern?: string;
  readonly range?: string;
  readonly examples: readonly Json[];
  /** `one of git, oci`: what the fields below demand of each other. */
  readonly rule?: string;
  /** Takes {env}, {file} and {output}. */
  readonly isReference: boolean;
  readonly isSecret: boolean;
  /** `provisioner: local` when only that variant has it. */
  readonly only?: string;
  readonly children: readonly Field[];
}

interface Place {
  readonly name: string;
  readonly path: string;
  readonly required: boolean;
  readonly only?: string;
}

const trees = new Map<Kind, Field>();

/** A constant of the kind, made when it is first asked for: that takes some ten milliseconds. */
export function fieldTree(kind: Kind): Field {
  const tree = trees.get(kind) ?? toField(kindSchema(kind), { name: kind, path: kind, required: true });
  trees.set(kind, tree);
  return tree;
}

/** The field at a path of data (`['spec', 'local', 'nodes']`); undefined where the kind has none. */
export function fieldAt(root: Field, path: FieldPath): Field | undefined {
  let field: Field | undefined = root;
  for (const segment of path) {
    const wanted: string = typeof segment === 'number' ? '[]' : segment;
    field = field?.children.find((child) => child.name === wanted) ?? field?.children.find((child) => child.name === '*');
  }
  return field;
}

function toField(schema: JsonSchema, place: Place): Field {
  const shape = mergeVariants(schema);
  const children = childFields(shape, place);
  const isReference = hasReferenceKeys(children);
  const rule = ruleOf(schema);
  const range = rangeOf(shape);
  return {
    ...place,
    type: typeName(shape, children),
    description: shape.description ?? '',
    allowed: shape.const === undefined ? (shape.enum ?? []) : [shape.const],
    examples: shape.examples ?? [],
    isReference,
    isSecret: shape.writeOnly === true,
    children,
    ...(shape.default !== undefined && { default: shape.default }),
    ...(shape.pattern !== undefined && { pattern: shape.pattern }),
    ...(range !== undefined && { range }),
    ...(rule !== undefined && !isReference && { rule }),
  };
}

/** Variants of a mapping become one mapping whose fields know their variant; text-or-reference becomes the reference. */
function mergeVariants(
  schema: JsonSchema,
): JsonSchema & { readonly alsoText?: boolean; readonly alsoList?: boolean; readonly onlyIn?: ReadonlyMap<string, string> } {
  const variants = (schema.anyOf ?? schema.oneOf ?? []).filter((variant) => variant.type !== undefined);
  if (variants.length === 0) return schema;
  const reference = variants.find((variant) => variant.type === 'object');
  const either = { ...reference, ...schema, properties: reference?.properties ?? {} };
  const list = reference && variants.find((variant) => variant.type === 'array');
  if (list) return { ...either, ...(list.items && { items: list.items }), alsoList: true };
  if (variants.some((variant) => variant.type === 'string')) return { ...either, alsoText: true };
  return { ...schema, ...mergeProperties(variants), type: 'object' };
}

function mergeProperties(variants: readonly JsonSchema[]) {
  const properties: Record<string, JsonSchema> = {};
  const onlyIn = new Map<string, string>();
  for (const variant of variants) {
    for (const [name, property] of Object.entries(variant.properties ?? {})) {
      const isShared = variants.every((other) => other.properties?.[name] !== undefined);
      if (!isShared) onlyIn.set(name, discriminatorOf(variant));
      properties[name] =
        properties[name]?.const === undefined && properties[name]?.enum === undefined ? property : joinWords(properties[name], property);
    }
  }
  const required = Object.keys(properties).filter((name) =>
    variants.every((variant) => variant.properties?.[name] === undefined || variant.required?.includes(name)),
  );
  return { properties, required, onlyIn };
}

function joinWords(first: JsonSchema, second: JsonSchema): JsonSchema {
  const { const: _first, ...rest } = first;
  const sentences = new Set([...(first.description ?? '').split(/(?<=\.) /), ...(second.description ?? '').split(/(?<=\.) /)]);
  return { ...rest, enum: [...wordsOf(first), ...wordsOf(second)], description: [...sentences].join(' ') };
}

function wordsOf(schema: JsonSchema): readonly Json[] {
  return schema.const === undefined ? (schema.enum ?? []) : [schema.const];
}

function discriminatorOf(variant: JsonSchema): string {
  const [name, property] = Object.entries(variant.properties ?? {}).find(([, candidate]) => candidate.const !== undefined) ?? ['', {}];
  return `${name}: ${String((property as JsonSchema).const)}`;
}

function childFields(shape: ReturnType<typeof mergeVariants>, place: Place): readonly Field[] {
  const fields = Object.entries(shape.properties ?? {}).map(([name, schema]) => {
    const only = shape.onlyIn?.get(name);
    return toField(schema, {
      name,
      path: `${place.path}.${name}`,
      required: shape.required?.includes(name) === true,
      ...(only !== undefined && { only }),
    });
  });
  const values = shape.additionalProperties;
  if (typeof values === 'object') fields.push(toField(values, { name: '*', path: `${place.path}.*`, required: false }));
  if (shape.items) fields.push(toField(shape.items, { name: '[]', path: `${place.path}[]`, required: false }));
  return fields;
}

function hasReferenceKeys(children: readonly Field[]): boolean {
  return (
    children.filter(({ name }) => name !== '[]').length === 3 &&
    ['env', 'file', 'output'].every((key) => children.some((child) => child.name === key))
  );
}

const PLAIN_TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  integer: 'whole number',
  number: 'number',
  boolean: 'true or false',
  array: 'list',
  object: 'mapping',
};

function typeName(shape: ReturnType<typeof mergeVariants>, children: readonly Field[]): string {
  const inner = children.at(-1)?.type ?? 'anything';
  if (shape.alsoText) return 'text or reference';
  if (shape.alsoList) return `list of ${inner}, or reference`;
  if (hasReferenceKeys(children)) return shape.writeOnly ? 'secret reference' : 'reference';
  return collectionName(shape, inner) ?? plainName(shape);
}

const plainName = ({ type = '' }: JsonSchema): string => PLAIN_TYPES[type] ?? 'text';

function collectionName(shape: JsonSchema, inner: string): string | undefined {
  if (shape.type === 'array') return `list of ${inner}`;
  if (typeof shape.additionalProperties === 'object') return `mapping of names to ${inner}`;
  return undefined;
}

function ruleOf(schema: JsonSchema): string | undefined {
  const exactly = schema.oneOf?.flatMap((variant) => (variant.type === undefined ? (variant.required ?? []) : [])) ?? [];
  if (exactly.length > 0) return `exactly one of ${exactly.join(', ')}`;
  const atMost = new Set(schema.not?.anyOf?.flatMap((pair) => pair.required ?? []) ?? []);
  return atMost.size > 0 ? `only one of ${[...atMost].join(', ')}` : undefined;
}

function rangeOf(shape: JsonSchema): string | undefined {
  const max = shape.maximum === Number.MAX_SAFE_INTEGER ? undefined : shape.maximum;
  if (shape.minimum === undefined && max === undefined) return undefined;
  return `${shape.minimum ?? ''}–${max ?? ''}`;
}
