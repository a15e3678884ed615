/** All objects of a kind as they are now, again after every change: for waits that are about a set, not about names. */
import type { GroupKind, KubeClient, KubeObject, ListOptions } from './types.ts';

/**
 * Yields the whole set, first as listed, then after each event; each object carries apiVersion and kind. Ends only with the caller.
 * @throws the signal's reason, and what a watch throws
 */
export async function* currentObjects(
  client: KubeClient,
  kind: GroupKind,
  options: ListOptions & { readonly signal: AbortSignal },
): AsyncGenerator<readonly KubeObject[]> {
  const known = new Map<string, KubeObject>();
  const { apiVersion, kind: name } = kind;
  const keyOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;
  for await (const event of client.watch(kind, options)) {
    if (event.type === 'disconnected') continue;
    if (event.type === 'synced') {
      known.clear();
      for (const item of event.items) known.set(keyOf(item), { ...item, apiVersion, kind: name });
    } else if (event.type === 'deleted') known.delete(keyOf(event.object));
    else known.set(keyOf(event.object), { ...event.object, apiVersion, kind: name });
    yield [...known.values()];
  }
  options.signal.throwIfAborted();
}
