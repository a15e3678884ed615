/** What makes a YAML document one of ours: apiVersion, kind, name. Decides which schema judges the rest. */
import type { SlipwayError } from '../core/errors.ts';
import { closest } from '../core/ids.ts';
import { type Field, fieldTree } from './field-tree.ts';
import { isKind, type Kind, kinds, RESERVED_KINDS } from './kinds/registry.ts';
import { API_VERSION } from './kinds/vocabulary.ts';
import { error, showValue, valueAt } from './shape-faults.ts';
import type { FieldPath, SourceDocument } from './source.ts';

/** A document of a known kind, not yet judged further. */
export interface Unit {
  readonly document: SourceDocument;
  readonly kind: Kind;
  /** Undefined while it has no usable name. */
  readonly name: string | undefined;
  /** `Cluster/demo` */
  readonly subject: string;
  readonly root: Field;
}

/** Where a document may say what Flux applies: on the cluster itself, and on its bootstrap cluster. */
export const GITOPS_PATHS: readonly FieldPath[] = [
  ['spec', 'gitops'],
  ['spec', 'bootstrapCluster', 'gitops'],
];

export interface Identified {
  readonly unit: Unit | undefined;
  readonly errors: readonly SlipwayError[];
}

/** Tells kind and name; a document without a known kind gives errors only. */
export function identify(document: SourceDocument): Identified {
  const { value } = document;
  const place = { context: { document, subject: 'document' } };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const fix = 'begin the document with apiVersion, kind and metadata';
    return {
      unit: undefined,
      errors: [error('SLW-CFG-013', `the document is ${showValue(value)}, but a mapping is wanted`, { ...place, path: [], fix })],
    };
  }
  const kind = valueAt(value, ['kind']);
  if (!isKind(kind)) return { unit: undefined, errors: [...versionErrors(document), kindError(document, kind)] };
  const name = valueAt(value, ['metadata', 'name']);
  const known = typeof name === 'string' && name !== '' ? name : undefined;
  return {
    unit: { document, kind, name: known, subject: `${kind}/${known ?? '?'}`, root: fieldTree(kind) },
    errors: versionErrors(document),
  };
}

function versionErrors(document: SourceDocument): readonly SlipwayError[] {
  const version = valueAt(document.value, ['apiVersion']);
  if (version === API_VERSION) return [];
  const context = { document, subject: 'document' };
  const fix = `write apiVersion: ${API_VERSION}`;
  if (version === undefined || version === null)
    return [error('SLW-CFG-015', 'apiVersion is missing', { context, path: ['apiVersion'], fix })];
  return [error('SLW-CFG-018', `apiVersion is ${showValue(version)}`, { context, path: ['apiVersion'], fix })];
}

function kindError(document: SourceDocument, kind: unknown): SlipwayError {
  const context = { document, subject: 'document' };
  const known = Object.keys(kinds);
  if (kind === undefined || kind === null)
    return error('SLW-CFG-015', 'kind is missing', { context, path: ['kind'], fix: `add kind: with one of ${known.join(', ')}` });
  if (typeof kind === 'string' && (RESERVED_KINDS as readonly string[]).includes(kind)) {
    return error('SLW-CFG-020', `kind ${kind} is not available in this version`, {
      context,
      path: ['kind'],
      fix: `remove the document; this version knows ${known.join(' and ')}`,
    });
  }
  const near = typeof kind === 'string' ? closest(kind, known) : undefined;
  return error('SLW-CFG-019', `kind is ${showValue(kind)}`, {
    context,
    path: ['kind'],
    fix: near === undefined ? `use one of: ${known.join(', ')}` : `did you mean ${near}?`,
  });
}
