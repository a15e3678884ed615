/**
 * Definitions on a management cluster: what a write would change, and the write. As any objects, except that the admission of a Cluster
 * looks at its class: it refuses to move a Cluster to a class that is not there yet, even in a dry run, and to one that is not reconciled.
 */
import { type AppliedObject, applyObjects, type ApplyOptions } from '../../kube/apply.ts';
import { diffObjects, type DiffOptions, type ObjectDiff } from '../../kube/diff.ts';
import { neverAborted } from '../../kube/abort.ts';
import { type KubeClient, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { waitReady } from '../../kube/wait.ts';
import { CLUSTER, CLUSTER_CLASS } from '../words.ts';

/** As diffObjects; a Cluster that goes to a class that is not there yet differs in its class, whatever else may follow from that. */
export async function diffDefinitions(
  client: KubeClient,
  objects: readonly KubeObject[],
  options: DiffOptions = {},
): Promise<readonly ObjectDiff[]> {
  const signal = options.signal ?? neverAborted();
  const movers = new Set<KubeObject>();
  for (const object of objects) if (await goesToNewClass(client, object, signal)) movers.add(object);
  const judged = await diffObjects(
    client,
    objects.filter((object) => !movers.has(object)),
    options,
  );
  const rest = [...judged];
  return objects.flatMap((object) => (movers.has(object) ? [moved(object)] : rest.splice(0, 1)));
}

const moved = (object: KubeObject): ObjectDiff => ({ ref: refOf(object), action: 'update', fields: ['spec.topology.classRef.name'] });

async function goesToNewClass(client: KubeClient, object: KubeObject, signal: AbortSignal): Promise<boolean> {
  const wanted = classOf(object);
  if (!wanted || !(await client.serves(CLUSTER_CLASS, signal))) return false;
  const live = await client.get(refOf(object), signal);
  if (!live || classOf(live)?.name === wanted.name) return false;
  return (await client.get(wanted, signal)) === undefined;
}

function classOf(object: KubeObject): ObjectRef | undefined {
  if (object.kind !== CLUSTER.kind || !object.apiVersion.startsWith('cluster.x-k8s.io/')) return undefined;
  const { topology } = object['spec'] as {
    readonly topology?: { readonly classRef?: { readonly name: string; readonly namespace?: string } };
  };
  const { name, namespace = object.metadata.namespace } = topology?.classRef ?? {};
  return name === undefined ? undefined : { ...CLUSTER_CLASS, name, ...(namespace !== undefined && { namespace }) };
}

/**
 * As applyObjects; Clusters come last, once their classes are reconciled. Safe to call again.
 * @throws as applyObjects and waitReady
 */
export async function applyDefinitions(
  client: KubeClient,
  objects: readonly KubeObject[],
  options: ApplyOptions & { readonly timeoutMs: number },
): Promise<readonly AppliedObject[]> {
  const classes = objects.filter(({ kind }) => kind === CLUSTER_CLASS.kind).map(refOf);
  if (classes.length === 0) return applyObjects(client, objects, options);
  const followers = objects.filter((object) => classOf(object) !== undefined);
  const first = await applyObjects(
    client,
    objects.filter((object) => !followers.includes(object)),
    options,
  );
  const { host, timeoutMs, signal } = options;
  await waitReady(client, classes, { host, timeoutMs, ...(signal && { signal }) });
  return [...first, ...(await applyObjects(client, followers, options))];
}
