/** From an object that is not ready down to the deepest one that blocks it: workload → replica set → pod, claim → volume events. */
import { type ObjectEvent, readEvents } from './events.ts';
import { absent, type Readiness, readinessOf } from './readiness.ts';
import { valueAt } from './readiness-state.ts';
import { type GroupKind, type KubeClient, type KubeObject, type ObjectRef, refOf } from './types.ts';

export interface Diagnosis {
  /** The deepest object that blocks; the one asked about when nothing below it does. */
  readonly ref: ObjectRef;
  readonly readiness: Readiness;
  /** Its last Warning, if any. */
  readonly event?: ObjectEvent;
}

export interface DiagnoseOptions {
  readonly signal?: AbortSignal;
  /** What is known of it already, used when it cannot be read. */
  readonly known?: Readiness;
}

const REPLICA_SET: GroupKind = { apiVersion: 'apps/v1', kind: 'ReplicaSet' };
const POD: GroupKind = { apiVersion: 'v1', kind: 'Pod' };
const JOB: GroupKind = { apiVersion: 'batch/v1', kind: 'Job' };

/** Kinds whose objects own others of the named kind. */
const BELOW: Readonly<Record<string, GroupKind>> = {
  Deployment: REPLICA_SET,
  ReplicaSet: POD,
  StatefulSet: POD,
  DaemonSet: POD,
  Job: POD,
  CronJob: JOB,
};
const MAX_DEPTH = 4;

/** Reads only. What may not be read (events need a permission of their own) is left out. */
export async function diagnose(client: KubeClient, ref: ObjectRef, options: DiagnoseOptions = {}): Promise<Diagnosis> {
  const object = await client.get(ref, options.signal);
  if (!object) return { ref, readiness: options.known ?? absent };
  const deepest = await descend(client, object, options.signal);
  const [event] = await readEvents(
    client,
    { ...refOf(deepest), ...(deepest.metadata.uid !== undefined && { uid: deepest.metadata.uid }) },
    options,
  ).catch(() => []);
  return { ref: refOf(deepest), readiness: readinessOf(deepest), ...(event && { event }) };
}

async function descend(client: KubeClient, object: KubeObject, signal: AbortSignal | undefined): Promise<KubeObject> {
  let current = object;
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const worst = await worstBelow(client, current, signal);
    if (!worst) return current;
    current = worst;
  }
  return current;
}

/** Among what it owns: the failed ones first, then the others that are not ready. */
async function worstBelow(client: KubeClient, object: KubeObject, signal: AbortSignal | undefined): Promise<KubeObject | undefined> {
  const below = BELOW[object.kind];
  const { namespace, uid } = object.metadata;
  if (!below || namespace === undefined || readinessOf(object).state === 'ready') return undefined;
  const labels = (valueAt(object, 'spec', 'selector', 'matchLabels') ?? {}) as Readonly<Record<string, string>>;
  const labelSelector = Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
  const { items } = await client
    .list(below, { namespace, ...(labelSelector !== '' && { labelSelector }), ...(signal && { signal }) })
    .catch(() => ({ items: [] }));
  const owned = items.filter((item) => item.metadata.ownerReferences?.some((owner) => owner.uid === uid));
  const bad = owned.filter((item) => readinessOf(item).state !== 'ready');
  return bad.find((item) => readinessOf(item).state === 'failed') ?? bad[0];
}
