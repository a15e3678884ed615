/** Flux objects of the source that would put back, or fight over, what moves: suspended while it is away, and recorded before. */
import { isSlipwayError } from '../../core/errors.ts';
import { mapPool } from '../../kube/pool.ts';
import { type GroupKind, type KubeClient, type KubeObject, refOf } from '../../kube/types.ts';
import { fieldAt, groupOf, textAt } from './fields.ts';
import type { Session } from './session.ts';
import type { Suspend } from './transaction.ts';
import type { World } from './world.ts';

const FLUX_KINDS: readonly { readonly kind: GroupKind; readonly label: string }[] = [
  { kind: { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' }, label: 'kustomize.toolkit.fluxcd.io' },
  { kind: { apiVersion: 'helm.toolkit.fluxcd.io/v2', kind: 'HelmRelease' }, label: 'helm.toolkit.fluxcd.io' },
];

/** Those that hold something that moves and are not suspended. */
export async function findSuspends(world: World, signal: AbortSignal): Promise<readonly Suspend[]> {
  const leaving = world.going.filter(({ verdict }) => verdict === 'moves').map(({ object }) => object);
  const ids = new Set(leaving.map(inventoryId));
  const found = await Promise.all(
    FLUX_KINDS.map(async ({ kind, label }) => {
      const named = new Set(leaving.flatMap((object) => namedBy(object, label)));
      const items = await listServed(world.from.client, kind, signal);
      return items.filter((item) => fieldAt(item, 'spec', 'suspend') !== true && (named.has(placeOf(item)) || holdsAny(item, ids)));
    }),
  );
  return found.flat().map((item) => {
    const before = fieldAt(item, 'spec', 'suspend');
    return { ...refOf(item), ...(typeof before === 'boolean' && { before }) };
  });
}

async function listServed(client: KubeClient, kind: GroupKind, signal: AbortSignal): Promise<readonly KubeObject[]> {
  if (!(await client.serves(kind, signal))) return [];
  return (await client.list(kind, { signal })).items;
}

/** As Flux writes it. Source: fluxcd/cli-utils `object.ObjMetadata.String`: `<namespace>_<name>_<group>_<kind>`, `:` as `__`. */
function inventoryId(object: KubeObject): string {
  const { namespace = '', name } = object.metadata;
  return `${namespace}_${name.replaceAll(':', '__')}_${groupOf(object.apiVersion)}_${object.kind}`;
}

function holdsAny(item: KubeObject, ids: ReadonlySet<string>): boolean {
  const entries = fieldAt(item, 'status', 'inventory', 'entries');
  return Array.isArray(entries) && (entries as readonly unknown[]).some((entry) => ids.has(textAt(entry, 'id') ?? ''));
}

function namedBy(object: KubeObject, label: string): readonly string[] {
  const labels = object.metadata.labels ?? {};
  const name = labels[`${label}/name`];
  return name === undefined ? [] : [`${labels[`${label}/namespace`] ?? ''}/${name}`];
}

const placeOf = ({ metadata }: KubeObject): string => `${metadata.namespace ?? ''}/${metadata.name}`;

/** Suspends what is recorded in the transaction; safe to repeat. */
export async function suspendFlux(session: Session): Promise<void> {
  await mapPool(session.transaction.suspends, session.pool, async ({ before: _before, ...ref }) => {
    const found = await session.options.source.client.get(ref, session.signal);
    if (found && fieldAt(found, 'spec', 'suspend') !== true)
      await session.writes.patch({ end: 'source', ref }, { spec: { suspend: true } }, { purpose: 'suspend' });
  });
}

/** Takes the suspensions of this run back. */
export async function resumeFlux(session: Session): Promise<void> {
  await mapPool(session.transaction.suspends, session.pool, async ({ before, ...ref }) => {
    const found = await session.options.source.client.get(ref, session.signal);
    if (!found || fieldAt(found, 'spec', 'suspend') !== true) return;
    await session.writes
      .patch({ end: 'source', ref }, { spec: { suspend: before ?? null } }, { purpose: 'resume' })
      .catch((error: unknown) => {
        if (!isSlipwayError(error) || error.code !== 'SLW-KUB-006') throw error;
      });
  });
}
