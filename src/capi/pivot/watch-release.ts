/** WATCH: after the release no machine and no infrastructure object may come or go, and Clusters become available as before. */
import { isAbort, SlipwayError } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import { formatRef, type KubeObject, refOf, type WatchEvent } from '../../kube/types.ts';
import { CORE_GROUP } from '../words.ts';
import { clusterNameOf, conditionOf, groupOf, kindKey, refKey } from './fields.ts';
import type { Inventory } from './inventory.ts';
import type { MovingKind } from './kinds.ts';
import { pausePatch } from './pausing.ts';
import type { Session } from './session.ts';
import { shortUid } from './transaction.ts';
import { untilAll } from './until.ts';

const DEFAULT_WATCH_MS = 5_000;

/** @throws SLW-PIV-015, after the Clusters were paused again */
export async function watchRelease(session: Session, target: Inventory): Promise<void> {
  await session.save({ phase: 'watch', held: false });
  const fault = (await clustersAvailable(session, target)) ?? (await machinesStay(session, target));
  if (!fault) return;
  await pauseAgain(session, target);
  throw fault;
}

async function clustersAvailable(session: Session, target: Inventory): Promise<SlipwayError | undefined> {
  const { host, target: end, signal, timeoutMs, report } = session.options;
  const wanted = new Set(session.transaction.available);
  const clusters = target.objects.filter(
    (object) => target.kindOf(object).role === 'cluster' && wanted.has(`${object.metadata.namespace ?? ''}/${object.metadata.name}`),
  );
  const pending = await untilAll(clusters, {
    host,
    client: end.client,
    signal,
    timeoutMs,
    isDone: (object) => conditionOf(object, 'Available')?.status === 'True',
    onWaiting: (waiting) => {
      for (const object of waiting.slice(0, 5))
        report({ type: 'waiting', phase: 'watch', object: formatRef(refOf(object)), reason: 'to be available as before' });
    },
  });
  const [first] = pending;
  if (!first) return undefined;
  const object = formatRef(refOf(first));
  const message = conditionOf(first, 'Available')?.message;
  return new SlipwayError(
    'SLW-PIV-015',
    `${object} is not available on ${end.name} as it was before${message === undefined ? '' : `: ${message}`}`,
    { object },
  );
}

/** By watches over the kinds whose objects stand for machines; the first list of each is compared too. */
async function machinesStay(session: Session, target: Inventory): Promise<SlipwayError | undefined> {
  const { options } = session;
  const census = censusOf(session, target);
  const kinds = target.kinds.filter((kind) => census.kinds.has(kindKey(kind)));
  const end = new AbortController();
  const bound = options.host.clock.timeout(options.watchMs ?? DEFAULT_WATCH_MS);
  const signal = AbortSignal.any([options.signal, bound, end.signal]);
  let fault: SlipwayError | undefined;
  const follow = async (kind: MovingKind): Promise<void> => {
    for await (const event of options.target.client.watch(kind, { signal })) {
      fault ??= faultOf(event, census, { kind, server: options.target.name });
      if (fault) end.abort();
    }
  };
  await Promise.all(
    kinds.map((kind) =>
      follow(kind).catch((error: unknown) => {
        if (!signal.aborted || !isAbort(error)) throw error;
      }),
    ),
  );
  options.signal.throwIfAborted();
  return fault;
}

/** Who was there when the target took over. */
interface Census {
  readonly kinds: ReadonlySet<string>;
  /** Names by short uid, of one kind each. */
  readonly there: ReadonlyMap<string, { readonly kind: string; readonly name: string }>;
  /** Short uids. */
  readonly sealed: ReadonlySet<string>;
  /** `NAMESPACE/NAME` of Clusters. */
  readonly moved: ReadonlySet<string>;
}

function censusOf(session: Session, target: Inventory): Census {
  const sealed = new Set(session.transaction.sealed);
  const counted = target.objects.filter((object) => sealed.has(shortUid(object.metadata.uid ?? '')) && isMachinery(object, target));
  const machinery = target.kinds.filter((kind) => kind.kind === 'Machine' && kind.group === CORE_GROUP);
  return {
    kinds: new Set([...counted.map(kindKey), ...machinery.map(kindKey)]),
    there: new Map(
      counted.map((object) => [shortUid(object.metadata.uid ?? ''), { kind: kindKey(object), name: formatRef(refOf(object)) }]),
    ),
    sealed,
    moved: new Set(session.transaction.moved),
  };
}

function isMachinery(object: KubeObject, target: Inventory): boolean {
  const group = groupOf(object.apiVersion);
  if (group === CORE_GROUP) return object.kind === 'Machine' || object.kind === 'MachinePool';
  return group.startsWith('infrastructure.') && target.kindOf(object).role === 'resource';
}

function faultOf(event: WatchEvent, census: Census, at: { readonly kind: MovingKind; readonly server: string }): SlipwayError | undefined {
  if (event.type === 'disconnected') return undefined;
  if (event.type === 'synced') return listFault(event.items, census, at);
  const { type, object } = event;
  if (type === 'added' && isNew(object, census)) return fault(`${formatRef(refOf(object))} appeared`, object, at.server);
  const isGone = type === 'deleted' && census.there.has(shortUid(object.metadata.uid ?? ''));
  return isGone ? fault(`${formatRef(refOf(object))} vanished`, object, at.server) : undefined;
}

function listFault(
  items: readonly KubeObject[],
  census: Census,
  at: { readonly kind: MovingKind; readonly server: string },
): SlipwayError | undefined {
  const appeared = items.find((item) => isNew(item, census));
  if (appeared) return fault(`${formatRef(refOf(appeared))} appeared`, appeared, at.server);
  const uids = new Set(items.map((item) => shortUid(item.metadata.uid ?? '')));
  const gone = [...census.there].find(([uid, { kind }]) => kind === kindKey(at.kind) && !uids.has(uid));
  return gone && new SlipwayError('SLW-PIV-015', `${gone[1].name} vanished on ${at.server} after the release`, { object: gone[1].name });
}

/** Of a Cluster that moved, and not among the copies. */
function isNew(object: KubeObject, census: Census): boolean {
  const cluster = clusterNameOf(object);
  return (
    cluster !== undefined &&
    census.moved.has(`${object.metadata.namespace ?? ''}/${cluster}`) &&
    !census.sealed.has(shortUid(object.metadata.uid ?? ''))
  );
}

function fault(what: string, object: KubeObject, server: string): SlipwayError {
  return new SlipwayError('SLW-PIV-015', `${what} on ${server} after the release`, { object: formatRef(refOf(object)) });
}

async function pauseAgain(session: Session, target: Inventory): Promise<void> {
  const pauses = session.transaction.pauses.filter(({ way }) => way === 'field');
  await mapPool(pauses, session.pool, async (pause) => {
    const object = target.byKey(refKey(pause));
    if (object) await session.writes.patch({ end: 'target', ref: refOf(object) }, pausePatch(object, 'field'), { purpose: 'pause again' });
  });
}
