/** Namespaces that the pivot made on the target go again with a rollback, if nothing but what Kubernetes puts in is in them. */
import { mapPool } from '../../kube/pool.ts';
import type { KubeObject, KubeResource } from '../../kube/types.ts';
import { annotationOf, RUN_ANNOTATION } from './marks.ts';
import type { Session } from './session.ts';
import { namespaceRef } from './target-checks.ts';
import { untilAll } from './until.ts';

const PASSING_KINDS = new Set(['Event', 'Lease', 'EndpointSlice', 'Endpoints']);

/** A namespace that is there for good carries no mark. */
export async function sealNamespaces(session: Session): Promise<void> {
  const { client } = session.options.target;
  await mapPool(session.transaction.madeNamespaces, session.pool, async (name) => {
    const namespace = await client.get(namespaceRef(name), session.signal);
    if (!namespace || annotationOf(namespace, RUN_ANNOTATION) === undefined) return;
    await session.writes.patch(
      { end: 'target', ref: namespaceRef(name) },
      { metadata: { annotations: { [RUN_ANNOTATION]: null } } },
      { purpose: 'seal' },
    );
  });
}

export async function removeMadeNamespaces(session: Session): Promise<void> {
  const { client } = session.options.target;
  const { madeNamespaces, runId, sealed } = session.transaction;
  if (madeNamespaces.length === 0) return;
  const resources = (await client.resources(session.signal)).filter(isCounted);
  const going: KubeObject[] = [];
  for (const name of madeNamespaces) {
    const namespace = await client.get(namespaceRef(name), session.signal);
    const isOurs = namespace && (sealed !== undefined || annotationOf(namespace, RUN_ANNOTATION) === runId);
    if (!isOurs) continue;
    if (namespace.metadata.deletionTimestamp !== undefined) {
      going.push(namespace);
      continue;
    }
    const foreign = await firstForeign(session, name, resources);
    if (foreign)
      session.note({
        reason: 'namespace-kept',
        object: `Namespace/${name}`,
        message: `namespace ${name} is kept: ${foreign.kind} ${foreign.metadata.name} is in it`,
      });
    else {
      await session.writes.delete('target', namespace, 'remove namespace');
      going.push(namespace);
    }
  }
  await untilGone(session, going);
}

/** Kubernetes empties a namespace first; a pivot that comes at once would be refused because of it. */
async function untilGone(session: Session, namespaces: readonly KubeObject[]): Promise<void> {
  const { host, target, timeoutMs } = session.options;
  const still = await untilAll(namespaces, { host, client: target.client, signal: session.signal, timeoutMs, isDone: () => false });
  for (const { metadata } of still)
    session.note({
      reason: 'namespace-going',
      object: `Namespace/${metadata.name}`,
      message: `namespace ${metadata.name} is still being deleted; a new pivot has to wait for its end`,
    });
}

function isCounted({ namespaced, verbs, kind }: KubeResource): boolean {
  return namespaced && verbs.includes('list') && verbs.includes('delete') && !PASSING_KINDS.has(kind);
}

async function firstForeign(session: Session, namespace: string, resources: readonly KubeResource[]): Promise<KubeObject | undefined> {
  const { client } = session.options.target;
  const lists = await mapPool(resources, { ...session.pool, parallel: 16 }, (resource) =>
    client.list(resource, { namespace, signal: session.signal }),
  );
  return lists.flatMap(({ items }) => items).find((object) => !isOfEveryNamespace(object));
}

function isOfEveryNamespace({ kind, metadata }: KubeObject): boolean {
  return (kind === 'ConfigMap' && metadata.name === 'kube-root-ca.crt') || (kind === 'ServiceAccount' && metadata.name === 'default');
}
