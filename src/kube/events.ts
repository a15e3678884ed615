/** What Kubernetes said last about an object. */
import type { KubeClient, KubeObject, ObjectRef } from './types.ts';
import { numberAt, textAt } from './readiness-state.ts';

export interface ObjectEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** ISO 8601. */
  readonly time: string;
  /** Who reported it: a controller's name. */
  readonly source: string;
  readonly count: number;
}

/** Newest first; Warnings only unless `all`. Events live an hour by default: none does not mean that nothing happened. */
export async function readEvents(
  client: KubeClient,
  ref: ObjectRef & { readonly uid?: string },
  options: { readonly all?: boolean; readonly signal?: AbortSignal } = {},
): Promise<readonly ObjectEvent[]> {
  const fields = [
    `involvedObject.kind=${ref.kind}`,
    `involvedObject.name=${ref.name}`,
    ...(ref.uid === undefined ? [] : [`involvedObject.uid=${ref.uid}`]),
    ...(options.all ? [] : ['type=Warning']),
  ];
  // Events about objects outside namespaces stand in `default`.
  const { items } = await client.list(
    { apiVersion: 'v1', kind: 'Event' },
    { namespace: ref.namespace ?? 'default', fieldSelector: fields.join(','), ...(options.signal && { signal: options.signal }) },
  );
  return items.map(toEvent).sort((a, b) => (a.time < b.time ? 1 : a.time > b.time ? -1 : 0));
}

function toEvent(object: KubeObject): ObjectEvent {
  return {
    type: textAt(object, 'type') === 'Warning' ? 'Warning' : 'Normal',
    reason: firstText(object, ['reason']),
    message: firstText(object, ['message']).trim(),
    time: firstText(object, ['series', 'lastObservedTime'], ['lastTimestamp'], ['eventTime'], ['metadata', 'creationTimestamp']),
    source: firstText(object, ['reportingComponent'], ['source', 'component']) || 'unknown',
    count: numberAt(object, 'series', 'count') ?? numberAt(object, 'count') ?? 1,
  };
}

function firstText(object: KubeObject, ...paths: readonly (readonly string[])[]): string {
  return paths.map((path) => textAt(object, ...path)).find((text) => text !== undefined && text !== '') ?? '';
}
