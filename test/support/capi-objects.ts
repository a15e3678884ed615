/**
 * Cluster API objects of an API server in the form in which two of them can be compared: before and after a pivot, after a killed and
 * after an uninterrupted one. Independent of the pivot's own verification; what is left out is listed here, everything else counts.
 */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { digestOf, type Json } from '../../src/core/digest.ts';
import type { KubeClient, KubeObject, OwnerReference } from '../../src/kube/types.ts';
import { differences, type World } from './world.ts';

/** Groups whose objects a pivot is about. */
const GROUPS = /(^|\.)cluster\.x-k8s\.io$|^infrastructure\.slipway\.dev$|^external-secrets\.io$/;
const CORE_KINDS = new Set(['Secret', 'ConfigMap']);
/** Made by Kubernetes in every namespace. */
const OF_EVERY_NAMESPACE = new Set(['ConfigMap/kube-root-ca.crt']);

export type ObjectWorld = ReadonlyMap<string, KubeObject>;

/** Every object of Cluster API's groups, and Secrets and ConfigMaps, in the namespaces, by `Kind/namespace/name`. */
export async function readObjects(client: KubeClient, namespaces: readonly string[]): Promise<ObjectWorld> {
  const resources = (await client.resources()).filter(
    ({ apiVersion, kind, verbs, namespaced }) =>
      namespaced && verbs.includes('list') && (apiVersion === 'v1' ? CORE_KINDS.has(kind) : GROUPS.test(apiVersion.split('/')[0] ?? '')),
  );
  const lists = await Promise.all(
    namespaces.flatMap((namespace) =>
      resources.map(async ({ apiVersion, kind }) => {
        const { items } = await client.list({ apiVersion, kind }, { namespace });
        return items.map((item) => ({ ...item, apiVersion, kind }));
      }),
    ),
  );
  const wanted = lists.flat().filter(({ kind, metadata }) => !OF_EVERY_NAMESPACE.has(`${kind}/${metadata.name}`));
  return new Map(wanted.map((object) => [`${object.kind}/${object.metadata.namespace}/${object.metadata.name}`, object]));
}

export interface CanonicalOptions {
  /** Leave status out: while controllers work, it moves. */
  readonly status?: boolean;
  /** Annotations of the pivot itself, which may stay on a frozen source. */
  readonly ignoreAnnotations?: RegExp;
}

/** Comparable form: identity by name instead of uid, no times, no versions; a Secret's values as digests, so that no message shows one. */
export function canonicalWorld(objects: ObjectWorld, options: CanonicalOptions = {}): World {
  return Object.fromEntries([...objects].map(([name, object]) => [name, canonical(object, options)]));
}

function canonical(object: KubeObject, { status = true, ignoreAnnotations }: CanonicalOptions): Json {
  const { metadata, status: state, data, ...rest } = object as KubeObject & { readonly status?: unknown; readonly data?: unknown };
  const { labels = {}, annotations = {}, finalizers = [], ownerReferences = [] } = metadata;
  const kept = Object.entries(annotations).filter(([name]) => !ignoreAnnotations?.test(name));
  return JSON.parse(
    JSON.stringify({
      ...rest,
      ...(data !== undefined && { data: digests(data as Record<string, string>) }),
      metadata: {
        labels,
        annotations: Object.fromEntries(kept),
        finalizers: finalizers.toSorted(),
        owners: ownerReferences.map(ownerName).toSorted(),
        managers: managersOf(object),
      },
      ...(status && state !== undefined && { status: withoutTimes(state as Json) }),
    }),
  ) as Json;
}

const digests = (data: Readonly<Record<string, string>>): Json =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, createHash('sha256').update(value).digest('hex').slice(0, 16)]));

const ownerName = ({ kind, name, controller, blockOwnerDeletion }: OwnerReference): string =>
  `${kind}/${name}${controller ? ' controller' : ''}${blockOwnerDeletion ? ' blocking' : ''}`;

/** Who owns fields, by server-side apply: what a controller applied next time must not fight. */
function managersOf({ metadata }: KubeObject): readonly string[] {
  const entries = (metadata.managedFields ?? []) as readonly { readonly manager?: string; readonly operation?: string }[];
  return [...new Set(entries.filter(({ operation }) => operation === 'Apply').map(({ manager }) => manager ?? ''))].sort();
}

const TIMES = /^(lastTransitionTime|lastUpdated|lastUpdateTime|observedGeneration|lastHeartbeatTime|lastAppliedTime|lastRolloutTime)$/;

/** Texts of conditions hold ages ("… ago"); whether they hold is what counts. */
function withoutTimes(value: Json): Json {
  if (Array.isArray(value)) return value.map((each) => withoutTimes(each as Json));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !TIMES.test(key))
      .map(([key, each]) => [key, withoutTimes(each as Json)]),
  );
}

interface Conditioned {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

export function hasCondition(object: KubeObject | undefined, type: string, status = 'True'): boolean {
  return ((object as Conditioned | undefined)?.status?.conditions ?? []).some((each) => each.type === type && each.status === status);
}

export interface SettleOptions extends CanonicalOptions {
  readonly namespaces: readonly string[];
  readonly timeoutMs?: number;
}

/** Waits until the API server holds just that world: controllers need a moment. @throws with the first differences */
export async function expectObjects(client: KubeClient, expected: World, options: SettleOptions): Promise<void> {
  const { namespaces, timeoutMs = 90_000 } = options;
  for (const begun = performance.now(); ; await sleep(250)) {
    const found = differences(expected, canonicalWorld(await readObjects(client, namespaces), options));
    if (found.length === 0) return;
    if (performance.now() - begun > timeoutMs)
      throw new Error(`${client.server} is another world than expected (${found.length} differences):\n${found.slice(0, 12).join('\n')}`);
  }
}

/** The world once nothing has moved in it for a while. */
export async function settledObjects(client: KubeClient, options: SettleOptions): Promise<World> {
  const { namespaces, timeoutMs = 120_000 } = options;
  let last = '';
  let since = performance.now();
  for (const begun = since; performance.now() - begun < timeoutMs; await sleep(300)) {
    const world = canonicalWorld(await readObjects(client, namespaces), options);
    const digest = digestOf(world);
    if (digest === last && performance.now() - since > 3_000) return world;
    if (digest !== last) [last, since] = [digest, performance.now()];
  }
  throw new Error(`${client.server} does not come to rest`);
}
