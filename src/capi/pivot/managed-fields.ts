/** Who owns which field: carried over as it was at the source, without what the pivot itself wrote there. */
import { FIELD_MANAGER } from '../../kube/api-client.ts';
import type { KubeObject } from '../../kube/types.ts';
import { type Fields, isFields, textAt } from './fields.ts';
import { MARKS } from './marks.ts';

/**
 * Entries of a source object for its copy. Owner references are keyed by uid, so those are mapped; entries in which only the pivot's pause
 * and marks were left are gone.
 */
export function cleanManagedFields(object: KubeObject, uidOf: (sourceUid: string) => string | undefined): readonly unknown[] {
  return (object.metadata.managedFields ?? []).flatMap((original) => {
    const entry = mapUids(original, uidOf);
    if (textAt(entry, 'manager') !== FIELD_MANAGER || textAt(entry, 'operation') !== 'Update' || !isFields(entry)) return [entry];
    const fields = withoutOurs(entry['fieldsV1']);
    return fields === undefined ? [] : [{ ...entry, fieldsV1: fields }];
  });
}

function mapUids(value: unknown, uidOf: (sourceUid: string) => string | undefined): unknown {
  if (!isFields(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => {
      const uid = /^k:\{"uid":"([^"]+)"\}$/.exec(name)?.[1];
      if (uid === undefined) return [[name, mapUids(inner, uidOf)]];
      const mapped = uidOf(uid);
      return mapped === undefined ? [] : [[`k:{"uid":"${mapped}"}`, inner]];
    }),
  );
}

const OURS = new Set(['f:paused', ...MARKS.map((name) => `f:${name}`), 'f:cluster.x-k8s.io/paused', 'f:baremetalhost.metal3.io/paused']);

/** Undefined when nothing is left. */
function withoutOurs(fields: unknown): Fields | undefined {
  if (!isFields(fields)) return undefined;
  const kept = Object.entries(fields).flatMap(([name, inner]) => {
    if (OURS.has(name)) return [];
    if (!isFields(inner) || Object.keys(inner).length === 0) return [[name, inner] as const];
    const rest = withoutOurs(inner);
    return rest === undefined ? [] : [[name, rest] as const];
  });
  return kept.every(([name]) => name === '.') ? undefined : Object.fromEntries(kept);
}

/** `manager/subresource` of every server-side apply, sorted. */
export function applyManagers(object: KubeObject): readonly string[] {
  return (object.metadata.managedFields ?? [])
    .filter((entry) => textAt(entry, 'operation') === 'Apply')
    .map((entry) => `${textAt(entry, 'manager') ?? ''}/${textAt(entry, 'subresource') ?? ''}`)
    .sort();
}
