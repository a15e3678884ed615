/** What was read of a cluster, as plain data: everything that judges Flux is a pure function of it. */
import { formatRef, type KubeObject, type ObjectRef } from '../kube/types.ts';

export interface WorldEvent {
  readonly reason: string;
  readonly message: string;
}

export interface World {
  /** Ignores the API version: inventories and references may name another served one. */
  get(ref: ObjectRef): KubeObject | undefined;
  list(apiGroup: string, kind: string, namespace?: string): readonly KubeObject[];
  /** The last warning about an object. */
  warning(object: KubeObject): WorldEvent | undefined;
  /** Whether objects of that kind were read at all; if not, their absence means nothing. */
  knows(ref: ObjectRef): boolean;
}

export interface WorldOptions {
  readonly warnings?: readonly { readonly object: string; readonly reason: string; readonly message: string }[];
  /** Default: everything is known. */
  readonly knows?: (ref: ObjectRef) => boolean;
}

/** Warnings name their object as `Kind/namespace/name`; the first of an object wins. */
export function createWorld(objects: Iterable<KubeObject>, options: WorldOptions = {}): World {
  const byKey = new Map<string, KubeObject>();
  const byKind = new Map<string, KubeObject[]>();
  for (const object of objects) {
    const { name, namespace } = object.metadata;
    byKey.set(keyOf({ ...object, name, ...(namespace !== undefined && { namespace }) }), object);
    const kind = `${apiGroup(object.apiVersion)}/${object.kind}`;
    const list = byKind.get(kind);
    if (list) list.push(object);
    else byKind.set(kind, [object]);
  }
  return {
    get: (ref) => byKey.get(keyOf(ref)),
    list: (group, kind, namespace) =>
      (byKind.get(`${group}/${kind}`) ?? []).filter((object) => namespace === undefined || object.metadata.namespace === namespace),
    warning: (object) => options.warnings?.find((warning) => warning.object === labelOf(object)),
    knows: options.knows ?? (() => true),
  };
}

export function apiGroup(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

/** `group/Kind/namespace/name`. */
export function keyOf(ref: ObjectRef): string {
  return `${apiGroup(ref.apiVersion)}/${ref.kind}/${ref.namespace ?? ''}/${ref.name}`;
}

/** `Kind/namespace/name` of an object. */
export function labelOf(object: KubeObject): string {
  const { name, namespace } = object.metadata;
  return formatRef({ apiVersion: object.apiVersion, kind: object.kind, name, ...(namespace !== undefined && { namespace }) });
}
