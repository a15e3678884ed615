/** `{output: KIND/NAME.field}` between documents: well formed, leading somewhere, no circles, no secret in a plain field. */
import type { SlipwayError } from '../../core/errors.ts';
import { closest } from '../../core/ids.ts';
import type { Unit } from '../document.ts';
import type { Field } from '../field-tree.ts';
import { outputs } from '../kinds/registry.ts';
import { parseOutput, type Reference, toReference } from '../references.ts';
import { error, showField, showValue } from '../shape-faults.ts';
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
  if (field.isReference) {
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
  const place = { context: found.unit, path: [...found.path, 'output'] };
  const field = showField(found.path);
  const parsed = parseOutput(String(found.raw['output']));
  const [kind = ''] = parsed?.target.split('/') ?? [];
  const offered = outputs[kind];
  if (!parsed || !offered)
    return [error('SLW-CFG-026', `${field} refers to the output ${showValue(found.raw['output'])}, which is not KIND/NAME.field`, place)];
  const type = Object.hasOwn(offered, parsed.output) ? offered[parsed.output] : undefined;
  if (type === undefined) {
    const near = closest(parsed.output, Object.keys(offered));
    return [
      error('SLW-CFG-026', `${field}: a ${kind} has no output "${parsed.output}"`, {
        ...place,
        fix: near === undefined ? `use one of: ${Object.keys(offered).join(', ')}` : `did you mean "${near}"?`,
      }),
    ];
  }
  if (!subjects.has(parsed.target)) {
    const near = closest(parsed.target, subjects);
    return [
      error('SLW-CFG-027', `${field} needs an output of ${parsed.target}, which is not in the project`, {
        ...place,
        ...(near !== undefined && { fix: `did you mean ${near}?` }),
      }),
    ];
  }
  return type === 'secret' && !found.field.isSecret
    ? [error('SLW-CFG-029', `${field} would show the secret output ${parsed.output} of ${parsed.target}`, place)]
    : [];
}

/** From each document to those whose outputs it needs. */
export function outputNeeds(references: readonly FoundReference[], units: readonly Unit[]): ReadonlyMap<string, readonly string[]> {
  const needs = new Map<string, string[]>(units.map((unit) => [unit.subject, []]));
  for (const { unit, reference } of references) if (reference?.kind === 'output') needs.get(unit.subject)?.push(reference.target);
  return needs;
}

function findCircles(references: readonly FoundReference[], units: readonly Unit[]): readonly SlipwayError[] {
  return findCycles(outputNeeds(references, units)).flatMap((cycle) => {
    const [first = ''] = cycle;
    const closing = references.find(
      ({ unit, reference }) => unit.subject === cycle.at(-1) && reference?.kind === 'output' && reference.target === first,
    );
    if (!closing) return [];
    return [
      error('SLW-CFG-028', `documents need each other's outputs: ${[...cycle, first].join(' → ')}`, {
        context: closing.unit,
        path: [...closing.path, 'output'],
      }),
    ];
  });
}
