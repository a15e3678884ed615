/** From checked specs to references and positions, for one document. Called only after the rules found nothing. */
import type { SourcePosition } from '../core/errors.ts';
import type { Unit } from './document.ts';
import type { ReferenceSpec, ValueListSpec, ValueSpec } from './kinds/vocabulary.ts';
import { type Reference, type Value, toReference, toValue } from './references.ts';
import type { FieldPath } from './source.ts';

export class Resolver {
  readonly unit: Unit;

  constructor(unit: Unit) {
    this.unit = unit;
  }

  secret(spec: ReferenceSpec, path: FieldPath): Reference {
    return demand(toReference(spec, this.#source(path, true)));
  }

  value(spec: ValueSpec, path: FieldPath): Value {
    return demand(toValue(spec, this.#source(path, false)));
  }

  /** A value that may be left out. */
  valueIf(spec: ValueSpec | undefined, path: FieldPath): Value | undefined {
    return spec === undefined ? undefined : this.value(spec, path);
  }

  /** Values one by one, or one reference that gives them all. */
  valueList(spec: ValueListSpec, path: FieldPath): readonly Value[] | Reference {
    return Array.isArray(spec)
      ? spec.map((item, i) => this.value(item, [...path, i]))
      : demand(toReference(spec, this.#source(path, false)));
  }

  at(path: FieldPath): SourcePosition {
    return this.unit.document.locate(path, 'key');
  }

  #source(path: FieldPath, secret: boolean) {
    return { document: this.unit.document, subject: this.unit.subject, path, secret };
  }
}

export function demand<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a reference was resolved before it was checked');
  return value;
}
