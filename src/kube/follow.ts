/** Follows named objects by watches, one for each kind and namespace; the base of waiting for ready and for gone. */
import { isAbort, isSlipwayError } from '../core/errors.ts';
import type { KubeClient, KubeObject, ObjectRef, WatchEvent } from './types.ts';

export interface FollowOptions<R extends ObjectRef> {
  /** Ends everything, quietly. */
  readonly signal: AbortSignal;
  /** The object as it is now; undefined when it is not there. Called for every object at least once. */
  readonly onState: (ref: R, object: KubeObject | undefined) => void;
  /** After each batch of states; true ends everything. */
  readonly isDone: () => boolean;
  /** A kind that is not served (any more) means that its objects are not there. Default: an error. */
  readonly unservedIsAbsent?: boolean;
}

/** Resolves when done or aborted. @throws what a watch throws */
export async function followObjects<R extends ObjectRef>(client: KubeClient, refs: readonly R[], options: FollowOptions<R>): Promise<void> {
  const end = new AbortController();
  const signal = AbortSignal.any([options.signal, end.signal]);
  const groups = [...Map.groupBy(refs, (ref) => `${ref.apiVersion}/${ref.kind}/${ref.namespace ?? ''}`).values()];
  const follow = async (group: readonly R[]): Promise<void> => {
    for await (const event of watchGroup(client, group, signal)) {
      report(group, event, options);
      if (options.isDone()) return end.abort();
    }
  };
  try {
    await Promise.all(groups.map((group) => follow(group).catch((error: unknown) => absorb(error, { group, signal, options, end }))));
  } finally {
    end.abort();
  }
}

function watchGroup(client: KubeClient, group: readonly ObjectRef[], signal: AbortSignal): AsyncIterable<WatchEvent> {
  const [first] = group;
  if (!first) throw new RangeError('a group of objects is never empty');
  const one = group.length === 1 ? { fieldSelector: `metadata.name=${first.name}` } : {};
  const scope = first.namespace === undefined ? {} : { namespace: first.namespace };
  return client.watch({ apiVersion: first.apiVersion, kind: first.kind }, { ...one, ...scope, signal });
}

function report<R extends ObjectRef>(group: readonly R[], event: WatchEvent, options: FollowOptions<R>): void {
  if (event.type === 'disconnected') return;
  if (event.type === 'synced') {
    const found = new Map(event.items.map((item) => [item.metadata.name, item]));
    for (const ref of group) options.onState(ref, found.get(ref.name));
    return;
  }
  const ref = group.find((candidate) => candidate.name === event.object.metadata.name);
  if (ref) options.onState(ref, event.type === 'deleted' ? undefined : event.object);
}

interface Failure<R extends ObjectRef> {
  readonly group: readonly R[];
  readonly signal: AbortSignal;
  readonly options: FollowOptions<R>;
  readonly end: AbortController;
}

function absorb<R extends ObjectRef>(error: unknown, { group, signal, options, end }: Failure<R>): void {
  if (signal.aborted && isAbort(error)) return;
  if (!options.unservedIsAbsent || !isSlipwayError(error) || error.code !== 'SLW-KUB-012') throw error;
  for (const ref of group) options.onState(ref, undefined);
  if (options.isDone()) end.abort();
}
