/** Reading fields of objects whose shape is known only to their definition. */
import type { GroupKind, KubeObject, ObjectRef } from '../../kube/types.ts';
import { CLUSTER_NAME_LABEL } from '../words.ts';

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value at a path, undefined where the path ends. */
export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const name of path) {
    if (!isFields(at)) return undefined;
    at = at[name];
  }
  return at;
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const at = fieldAt(value, ...path);
  return typeof at === 'string' && at !== '' ? at : undefined;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const at = fieldAt(value, ...path);
  return typeof at === 'number' ? at : undefined;
}

export interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string | undefined;
  readonly message: string | undefined;
  readonly observedGeneration: number | undefined;
}

/** A condition of the v1beta2 kind, wherever the API version keeps those. */
export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  const lists = [fieldAt(object, 'status', 'v1beta2', 'conditions'), fieldAt(object, 'status', 'conditions')];
  for (const list of lists) {
    if (!Array.isArray(list)) continue;
    const found = (list as readonly unknown[]).find((entry) => textAt(entry, 'type') === type);
    if (found !== undefined)
      return {
        type,
        status: textAt(found, 'status') ?? 'Unknown',
        reason: textAt(found, 'reason'),
        message: textAt(found, 'message'),
        observedGeneration: numberAt(found, 'observedGeneration'),
      };
  }
  return undefined;
}

/** The Cluster it says it belongs to, by label or field. */
export function clusterNameOf(object: KubeObject): string | undefined {
  return object.metadata.labels?.[CLUSTER_NAME_LABEL] ?? textAt(object, 'spec', 'clusterName');
}

export function groupOf(apiVersion: string): string {
  return apiVersion.includes('/') ? (apiVersion.split('/')[0] ?? '') : '';
}

/** Identity of a kind across versions. */
export function kindKey(kind: GroupKind): string {
  return `${groupOf(kind.apiVersion)}/${kind.kind}`;
}

/** Identity of an object across clusters and versions. */
export function refKey(ref: ObjectRef): string {
  return `${kindKey(ref)}/${ref.namespace ?? ''}/${ref.name}`;
}

export function keyOf(object: KubeObject): string {
  return refKey({ apiVersion: object.apiVersion, kind: object.kind, ...place(object) });
}

function place(object: KubeObject): { readonly namespace?: string; readonly name: string } {
  const { namespace, name } = object.metadata;
  return { name, ...(namespace !== undefined && { namespace }) };
}
