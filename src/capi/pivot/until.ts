/** Waits until objects are as wanted: one watch for each kind that has some which are not, with a bound. */
import { isAbort } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import { type KubeClient, type KubeObject, type WatchEvent } from '../../kube/types.ts';
import { keyOf, kindKey } from './fields.ts';

export interface UntilOptions {
  readonly host: Host;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** True: it is no longer waited for. An object that is gone is not waited for either. */
  readonly isDone: (object: KubeObject) => boolean;
  readonly onWaiting?: (pending: readonly KubeObject[]) => void;
}

/** What is still not as wanted at the bound; empty on success. @throws what the signal throws, or a watch that cannot work */
export async function untilAll(objects: readonly KubeObject[], options: UntilOptions): Promise<readonly KubeObject[]> {
  const pending = new Map(objects.filter((object) => !options.isDone(object)).map((object) => [keyOf(object), object]));
  if (pending.size === 0) return [];
  const end = new AbortController();
  const bound = options.host.clock.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, bound, end.signal]);
  const kinds = [...Map.groupBy(pending.values(), kindKey).values()];
  options.onWaiting?.([...pending.values()]);
  const follow = async (group: readonly KubeObject[]): Promise<void> => {
    const [first] = group as readonly [KubeObject];
    for await (const event of options.client.watch({ apiVersion: first.apiVersion, kind: first.kind }, { ...scopeOf(group), signal })) {
      note(event, group, { pending, isDone: options.isDone });
      if (pending.size === 0) end.abort();
    }
  };
  try {
    await Promise.all(
      kinds.map((group) =>
        follow(group).catch((error: unknown) => {
          if (!signal.aborted || !isAbort(error)) throw error;
        }),
      ),
    );
  } finally {
    end.abort();
  }
  options.signal.throwIfAborted();
  return [...pending.values()];
}

/** One namespace is watched alone, several by one watch over all. */
function scopeOf(group: readonly KubeObject[]): { readonly namespace?: string } {
  const namespaces = new Set(group.map(({ metadata }) => metadata.namespace));
  const [only] = namespaces;
  return namespaces.size === 1 && only !== undefined ? { namespace: only } : {};
}

interface Board {
  readonly pending: Map<string, KubeObject>;
  readonly isDone: UntilOptions['isDone'];
}

function note(event: WatchEvent, group: readonly KubeObject[], { pending, isDone }: Board): void {
  if (event.type === 'disconnected') return;
  if (event.type === 'synced') {
    const there = new Map(event.items.map((item) => [keyOf(item), item]));
    for (const key of group.map(keyOf)) {
      const item = there.get(key);
      if (!item || isDone(item)) pending.delete(key);
      else if (pending.has(key)) pending.set(key, item);
    }
    return;
  }
  const key = keyOf(event.object);
  if (event.type === 'deleted' || isDone(event.object)) pending.delete(key);
  else if (pending.has(key)) pending.set(key, event.object);
}
