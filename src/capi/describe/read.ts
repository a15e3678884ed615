/** Reads what a description stands on: one discovery, one list for each kind, all at the same time. */
import { isAbort, isSlipwayError } from '../../core/errors.ts';
import { groupOf } from '../../kube/discovery.ts';
import { isClusterApiGroup } from '../../kube/readiness-cluster-api.ts';
import type { KubeClient, KubeObject, KubeResource } from '../../kube/types.ts';
import { CLUSTER, KUBEADM_CONTROL_PLANE, LOCAL_CLUSTER, LOCAL_CONTROL_PLANE, MACHINE, MACHINE_DEPLOYMENT, MACHINE_SET } from '../words.ts';
import { type ClusterWorld, createClusterWorld, type WorldParts } from './world.ts';

export interface ReadOptions {
  readonly signal: AbortSignal;
  readonly namespaces?: readonly string[] | undefined;
}

/** Groups whose objects say nothing about a cluster's health. */
const PASSED_OVER = new Set(['ipam.cluster.x-k8s.io', 'runtime.cluster.x-k8s.io', 'addons.cluster.x-k8s.io']);

/** What may not be listed is remembered as unreadable, not thrown; @throws what concerns the whole server */
export async function readClusterWorld(client: KubeClient, options: ReadOptions): Promise<ClusterWorld> {
  return createClusterWorld(await readParts(client, options));
}

/** The same as data. */
export async function readParts(client: KubeClient, options: ReadOptions): Promise<WorldParts> {
  options.signal.throwIfAborted();
  const served = await servedKinds(client, options.signal);
  const unreadable = new Map<string, string>();
  const lists = served
    .filter(tellsHealth)
    .flatMap((resource) => (options.namespaces ?? [undefined]).map((namespace) => ({ resource, namespace })));
  const objects = await Promise.all(
    lists.map(async ({ resource, namespace }) => {
      try {
        return await listKind(client, resource, { namespace, signal: options.signal });
      } catch (thrown) {
        if (isAbort(thrown) || !isSlipwayError(thrown) || isUnreachable(thrown.code)) throw thrown;
        unreadable.set(`${groupOf(resource.apiVersion)}/${resource.kind}`, thrown.message);
        return [];
      }
    }),
  );
  return { objects: objects.flat(), served, unreadable };
}

/** The server itself cannot be reached, or does not let us in at all. */
function isUnreachable(code: string): boolean {
  return ['SLW-KUB-001', 'SLW-KUB-002', 'SLW-KUB-003', 'SLW-KUB-004'].includes(code);
}

/** Templates and settings are left out: they are data, and there are many. */
function tellsHealth({ kind, namespaced, verbs, apiVersion }: KubeResource): boolean {
  if (!namespaced || !verbs.includes('list') || PASSED_OVER.has(groupOf(apiVersion))) return false;
  return !kind.endsWith('Template') && !kind.endsWith('Identity');
}

/** A broken API group of somebody else hides the whole discovery; then the kinds that are known by name must do. */
async function servedKinds(client: KubeClient, signal: AbortSignal): Promise<readonly KubeResource[]> {
  try {
    return (await client.resources(signal)).filter(({ apiVersion }) => isClusterApiGroup(groupOf(apiVersion)));
  } catch (thrown) {
    if (!isSlipwayError(thrown) || thrown.code !== 'SLW-KUB-013') throw thrown;
    const known = [CLUSTER, MACHINE, MACHINE_SET, MACHINE_DEPLOYMENT, KUBEADM_CONTROL_PLANE, LOCAL_CLUSTER, LOCAL_CONTROL_PLANE];
    const found = await Promise.all(known.map((kind) => client.resource(kind, signal).catch(() => undefined)));
    return found.filter((resource) => resource !== undefined);
  }
}

interface ListScope {
  readonly namespace: string | undefined;
  readonly signal: AbortSignal;
}

async function listKind(client: KubeClient, kind: KubeResource, { namespace, signal }: ListScope): Promise<readonly KubeObject[]> {
  const { items } = await client.list(kind, { ...(namespace !== undefined && { namespace }), signal });
  return items.map(withoutBulk);
}

/** Who wrote which field is half of an object, and no part of its health. */
function withoutBulk(object: KubeObject): KubeObject {
  const { managedFields: _managedFields, ...metadata } = object.metadata;
  return { ...object, metadata };
}
