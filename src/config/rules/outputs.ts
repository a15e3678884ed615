/** `{output: KIND/NAME.field}` between documents: well formed, leading somewhere, no circles, no secret in a plain field. */
import type { SlipwayError } from '../../core/errors.ts';
import { closest } from '../../core/ids.ts';
import type { Unit } from '../document.ts';
import type { Field } from '../field-tree.ts';
import { outputs } from '../kinds/registry.ts';
import { parseOutput, type Reference, toReference } from '../references.ts';
import { error, showField, showValue, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';
import { findCycles } from './cycles.ts';

export interface FoundReference {
  readonly unit: Unit;
  readonly path: FieldPath;
  readonly field: Field;
  /** The one-key mapping as it stands in the file. */
  readonly raw: Readonly<Record<string, unknown>>;
  readonly reference: Reference | undefined;
}

/** All references of a document, found along the fields that take them, whether or not the document is valid otherwise. */
export function findReferences(unit: Unit): readonly FoundReference[] {
  const found: FoundReference[] = [];
  collect({ unit, path: [], field: unit.root }, unit.document.value, found);
  return found;
}

interface Place {
  readonly unit: Unit;
  readonly path: FieldPath;
  readonly field: Field;
}

function collect(place: Place, value: unknown, found: FoundReference[]): void {
  if (typeof value !== 'object' || value === null) return;
  const { unit, path, field } = place;
  if (field.isReference && !Array.isArray(value)) {
    const raw = value as Readonly<Record<string, unknown>>;
    found.push({
      ...place,
      raw,
      reference: toReference(raw, { document: unit.document, subject: unit.subject, path, secret: field.isSecret }),
    });
    return;
  }
  for (const child of field.children) {
    for (const key of keysFor(child, field, value))
      collect({ unit, path: [...path, key], field: child }, (value as Record<string | number, unknown>)[key], found);
  }
}

function keysFor(child: Field, parent: Field, value: object): readonly (string | number)[] {
  if (child.name === '[]') return Array.isArray(value) ? value.map((_, i) => i) : [];
  if (child.name !== '*') return Object.hasOwn(value, child.name) ? [child.name] : [];
  return Object.keys(value).filter((key) => parent.children.every((other) => other.name !== key));
}

export function checkOutputs(references: readonly FoundReference[], units: readonly Unit[]): readonly SlipwayError[] {
  const subjects = new Set(units.map((unit) => unit.subject));
  const judged = references
    .filter(({ raw }) => typeof raw['output'] === 'string')
    .map((found) => ({ found, errors: checkOutput(found, subjects) }));
  const sound = judged.filter(({ errors }) => errors.length === 0).map(({ found }) => found);
  return [...judged.flatMap(({ errors }) => errors), ...findCircles(sound, units)];
}

function checkOutput(found: FoundReference, subjects: ReadonlySet<string>): readonly SlipwayError[] {
  const text = found.raw['output'];
  const parsed = parseOutput(String(text));
  const offered = parsed && outputs[parsed.target.split('/')[0] ?? ''];
  if (!parsed || !offered)
    return [malformed(found, `${showField(found.path)} refers to the output ${showValue(text)}, which is not KIND/NAME.field`)];
  if (!Object.hasOwn(offered, parsed.output)) {
    const names = Object.keys(offered);
    return [
      malformed(
        found,
        `${showField(found.path)}: ${parsed.target} has no output "${parsed.output}"`,
        suggest(parsed.output, names) ?? `use one of: ${names.join(', ')}`,
      ),
    ];
  }
  if (!subjects.has(parsed.target)) return [dangling(found, parsed.target, suggest(parsed.target, subjects))];
  if (offered[parsed.output] !== 'secret' || found.field.isSecret) return [];
  const message = `${showField(found.path)} would show the secret output ${parsed.output} of ${parsed.target}`;
  return [error('SLW-CFG-029', message, { context: found.unit, path: outputPath(found) })];
}

function malformed(found: FoundReference, message: string, fix?: string): SlipwayError {
  return error('SLW-CFG-026', message, { context: found.unit, path: outputPath(found), ...(fix !== undefined && { fix }) });
}

function dangling(found: FoundReference, target: string, fix: string | undefined): SlipwayError {
  const message = `${showField(found.path)} needs an output of ${target}, which is not in the project`;
  return error('SLW-CFG-027', message, { context: found.unit, path: outputPath(found), ...(fix !== undefined && { fix }) });
}

function suggest(word: string, known: Iterable<string>): string | undefined {
  const near = closest(word, known);
  return near === undefined ? undefined : `did you mean ${near}?`;
}

function outputPath(found: FoundReference): FieldPath {
  return [...found.path, 'output'];
}

/** One document that needs another, and the field that says so. */
interface Need {
  readonly unit: Unit;
  readonly path: FieldPath;
  readonly target: string;
}

function findNeeds(references: readonly FoundReference[], units: readonly Unit[]): readonly Need[] {
  const outputNeeds = references.flatMap(({ unit, path, reference }) =>
    reference?.kind === 'output' ? [{ unit, path: [...path, 'output'], target: reference.target }] : [],
  );
  return [...outputNeeds, ...units.flatMap(managementNeed)];
}

/** A workload cluster is made by its management cluster, and so comes after it. */
function managementNeed(unit: Unit): readonly Need[] {
  const path: FieldPath = ['spec', 'capi', 'managementCluster'];
  const name = valueAt(unit.document.value, path);
  return typeof name === 'string' ? [{ unit, path, target: `Cluster/${name}` }] : [];
}

/** From each document to those it needs: their outputs, or the cluster that makes it. */
export function documentNeeds(references: readonly FoundReference[], units: readonly Unit[]): ReadonlyMap<string, readonly string[]> {
  const needs = new Map<string, string[]>(units.map((unit) => [unit.subject, []]));
  for (const { unit, target } of findNeeds(references, units)) needs.get(unit.subject)?.push(target);
  return needs;
}

function findCircles(references: readonly FoundReference[], units: readonly Unit[]): readonly SlipwayError[] {
  const needs = findNeeds(references, units);
  return findCycles(documentNeeds(references, units)).flatMap((cycle) => {
    const [first = ''] = cycle;
    const closing = needs.find(({ unit, target }) => unit.subject === cycle.at(-1) && target === first);
    if (!closing) return [];
    const message = `documents need each other: ${[...cycle, first].join(' → ')}`;
    return [error('SLW-CFG-028', message, { context: closing.unit, path: closing.path })];
  });
}
