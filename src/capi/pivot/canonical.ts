/** The form in which an object and its copy are compared: everything that means something, nothing that a server or the pivot puts in. */
import { digestOf, type Json } from '../../core/digest.ts';
import type { KubeObject, OwnerReference } from '../../kube/types.ts';
import { type Fields, groupOf, isFields } from './fields.ts';
import { MARKS } from './marks.ts';
import { isClusterKind, PAUSE_VALUE } from './pausing.ts';

/**
 * Equal objects give equal digests; status, managedFields, marks and pauses of the pivot do not count. Finalizers neither: controllers of the
 * target may add theirs even to what is paused; that none is lost is checked apart.
 */
export function canonicalDigest(object: KubeObject): string {
  return digestOf(canonicalForm(object));
}

export function canonicalForm(object: KubeObject): Json {
  const { metadata, apiVersion, kind, status: _status, ...rest } = object;
  return {
    group: groupOf(apiVersion),
    kind,
    namespace: metadata.namespace,
    name: metadata.name,
    labels: { ...metadata.labels },
    annotations: ownAnnotations(metadata.annotations ?? {}),
    owners: (metadata.ownerReferences ?? []).map(canonicalOwner).sort(),
    ...(withoutPause(object, rest) as Record<string, Json>),
  };
}

function ownAnnotations(annotations: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(annotations).filter(([name, value]) => !MARKS.includes(name) && value !== PAUSE_VALUE));
}

function canonicalOwner({ apiVersion, kind, name, controller, blockOwnerDeletion }: OwnerReference): string {
  return `${groupOf(apiVersion)}/${kind}/${name}/${controller ?? false}/${blockOwnerDeletion ?? false}`;
}

function withoutPause(object: KubeObject, rest: Fields): Fields {
  if (!isClusterKind(object) || !isFields(rest['spec'])) return rest;
  const { paused: _paused, ...spec } = rest['spec'];
  return { ...rest, spec };
}

/** Paths at which two canonical forms differ, for plans and errors; never a value. */
export function differingPaths(a: Json | undefined, b: Json | undefined, path = ''): readonly string[] {
  if (isRecord(a) && isRecord(b)) {
    const names = [...new Set([...Object.keys(a), ...Object.keys(b)])].sort();
    return names.flatMap((name) => differingPaths(a[name], b[name], path === '' ? name : `${path}.${name}`));
  }
  return digestOf(a ?? null) === digestOf(b ?? null) ? [] : [path];
}

function isRecord(value: Json | undefined): value is { readonly [key: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
