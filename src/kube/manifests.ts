/**
 * Kubernetes manifests as text: several documents, YAML as the Kubernetes tools read it (YAML 1.1 booleans and octals,
 * but no base-60 numbers and no dates; sigs.k8s.io/yaml), lists taken apart, each object with its position.
 */
import { LineCounter, type Node, parseAllDocuments, type ParsedNode, type Document } from 'yaml';
import { SlipwayError, SlipwayErrors, type SourcePosition } from '../core/errors.ts';
import { formatRef, type KubeObject, refOf } from './types.ts';

export interface ManifestObject {
  readonly object: KubeObject;
  readonly at: SourcePosition;
}

/** More aliases than any real manifest has: a document that grows exponentially is refused. */
const MAX_ALIASES = 100;

/** @throws SLW-KUB-030, -031 or -032 with positions; SlipwayErrors for several, all found at once */
export function parseManifests(text: string, file: string): readonly ManifestObject[] {
  const found = text.trimStart().startsWith('{') ? fromJson(text, file) : fromYaml(text, file);
  const errors = [...found.errors, ...duplicates(found.objects)];
  if (errors.length > 1) throw new SlipwayErrors(errors);
  if (errors[0]) throw errors[0];
  return found.objects;
}

interface Found {
  readonly objects: readonly ManifestObject[];
  readonly errors: readonly SlipwayError[];
}

/** One JSON document: much faster, and what renderers write. What is not plain JSON is left to the YAML parser. */
function fromJson(text: string, file: string): Found {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fromYaml(text, file);
  }
  return collect([{ value, at: () => ({ file, line: 1, col: 1 }) }]);
}

function fromYaml(text: string, file: string): Found {
  const lines = new LineCounter();
  const position = (offset: number): SourcePosition => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), col: Math.max(1, col) };
  };
  const parsed = parseAllDocuments(text, {
    lineCounter: lines,
    version: '1.1',
    prettyErrors: false,
    customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !isForeignTag(tag)),
  });
  const documents: readonly Document.Parsed<ParsedNode>[] = 'empty' in parsed ? [] : parsed;
  const broken = documents.flatMap((document) =>
    document.errors
      .slice(0, 1)
      .map((error) => new SlipwayError('SLW-KUB-030', `manifest is not YAML: ${error.message}`, { at: position(error.pos[0]) })),
  );
  if (broken.length > 0) return { objects: [], errors: broken };
  const values: Parsed[] = [];
  const errors: SlipwayError[] = [];
  for (const document of documents) {
    const at = (path: readonly (string | number)[]): SourcePosition => position(offsetOf(document, path));
    try {
      values.push({ value: document.toJS({ maxAliasCount: MAX_ALIASES }), at });
    } catch (error) {
      errors.push(new SlipwayError('SLW-KUB-030', `manifest cannot be read: ${(error as Error).message}`, { at: at([]) }));
    }
  }
  const found = collect(values);
  return { objects: found.objects, errors: [...errors, ...found.errors] };
}

/** Base-60 numbers (`22:22`) and dates are texts for Kubernetes. */
function isForeignTag(tag: { readonly tag: string; readonly format?: string }): boolean {
  return tag.format === 'TIME' || tag.tag === 'tag:yaml.org,2002:timestamp';
}

function offsetOf(document: Document.Parsed<ParsedNode>, path: readonly (string | number)[]): number {
  const node = document.getIn(path, true) as Node | undefined;
  return node?.range?.[0] ?? document.contents?.range[0] ?? document.range[0];
}

interface Parsed {
  readonly value: unknown;
  readonly at: (path: readonly (string | number)[]) => SourcePosition;
}

function collect(values: readonly Parsed[]): Found {
  const objects: ManifestObject[] = [];
  const errors: SlipwayError[] = [];
  for (const parsed of values) {
    if (parsed.value === null || parsed.value === undefined) continue;
    for (const { value, path } of expand(parsed.value)) {
      const problem = problemOf(value);
      if (problem) errors.push(new SlipwayError('SLW-KUB-031', problem.message, { at: parsed.at([...path, ...problem.path]) }));
      else objects.push({ object: value as KubeObject, at: parsed.at(path) });
    }
  }
  return { objects, errors };
}

interface Expanded {
  readonly value: unknown;
  readonly path: readonly (string | number)[];
}

/** `List` and `ConfigMapList` alike: a kind that ends in List and has items. */
function expand(value: unknown): readonly Expanded[] {
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return [{ value, path: [] }];
  return items.flatMap((item: unknown, index) =>
    expand(item).map((inner) => ({ value: inner.value, path: ['items', index, ...inner.path] })),
  );
}

interface Problem {
  readonly message: string;
  readonly path: readonly string[];
}

function problemOf(value: unknown): Problem | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return {
      message: `document is ${Array.isArray(value) ? 'a list' : `the plain value ${JSON.stringify(value)}`}, not a Kubernetes object`,
      path: [],
    };
  const { apiVersion, kind, metadata } = value as Record<string, unknown>;
  return (
    textProblem('apiVersion', apiVersion, ['apiVersion']) ??
    textProblem('kind', kind, ['kind']) ??
    (typeof metadata === 'object' && metadata !== null ? undefined : { message: `${String(kind)} has no metadata`, path: [] }) ??
    metadataProblem(String(kind), metadata as Record<string, unknown>)
  );
}

function metadataProblem(kind: string, metadata: Record<string, unknown>): Problem | undefined {
  const { name, namespace } = metadata;
  if (metadata['generateName'] !== undefined && name === undefined)
    return { message: `${kind} has generateName, which cannot be applied again; give it a name`, path: ['metadata', 'generateName'] };
  return (
    textProblem(`metadata.name of ${kind}`, name, ['metadata', 'name']) ??
    (namespace === undefined ? undefined : textProblem(`metadata.namespace of ${kind}`, namespace, ['metadata', 'namespace']))
  );
}

function textProblem(what: string, value: unknown, path: readonly string[]): Problem | undefined {
  if (typeof value === 'string' && value !== '') return undefined;
  if (value === undefined || value === null || value === '') return { message: `${what} is missing`, path: path.slice(0, -1) };
  return { message: `${what} is ${JSON.stringify(value)}, not a text; put it in quotes`, path };
}

function duplicates(objects: readonly ManifestObject[]): readonly SlipwayError[] {
  const first = new Map<string, SourcePosition>();
  return objects.flatMap(({ object, at }) => {
    const key = `${object.apiVersion}/${formatRef(refOf(object))}`;
    const before = first.get(key);
    if (!before) first.set(key, at);
    return before
      ? [
          new SlipwayError(
            'SLW-KUB-032',
            `${formatRef(refOf(object))} is given twice, first at ${before.file}:${before.line}:${before.col}`,
            { at, object: formatRef(refOf(object)) },
          ),
        ]
      : [];
  });
}
