/** What a pivot sees: kinds, objects and verdicts of the source, and what of them stands on the target already. Reads only. */
import { SlipwayError } from '../../core/errors.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../kube/types.ts';
import { listManagers } from '../providers/deployment.ts';
import { type Definition, readDefinitions } from './definitions.ts';
import { groupOf } from './fields.ts';
import { getAll, type Inventory, listClusters, readInventory } from './inventory.ts';
import { isOfClusterApi, movingKinds, type MovingKind } from './kinds.ts';
import { createResolver } from './membership.ts';
import type { PivotSelection } from './options.ts';
import { type Ordered, orderObjects } from './order.ts';
import { type Reference, referencesOf } from './references.ts';
import { type Selected, selectObjects } from './selection.ts';

export interface Side {
  readonly client: KubeClient;
  readonly name: string;
}

export interface World {
  readonly from: Side & { readonly uid: string; readonly definitions: readonly Definition[] };
  readonly to: Side & { readonly uid: string; readonly definitions: readonly Definition[] };
  readonly kinds: readonly MovingKind[];
  readonly inventory: Inventory;
  readonly selected: readonly Selected[];
  /** What moves or is copied, in order of creation. */
  readonly going: readonly Ordered[];
  /** Of what goes. */
  readonly namespaces: readonly string[];
}

export interface Ground {
  readonly from: World['from'];
  readonly to: World['to'];
  readonly kinds: readonly MovingKind[];
}

/** What does not change during a pivot: identities and definitions. */
export async function readGround(from: Side, to: Side, signal: AbortSignal): Promise<Ground> {
  const [source, target] = await Promise.all([from, to].map((side) => readSide(side, signal)));
  if (!source || !target) throw new RangeError('two sides give two answers');
  return { from: source, to: target, kinds: movingKinds(source.definitions, target.definitions) };
}

async function readSide(side: Side, signal: AbortSignal): Promise<World['from']> {
  const [uid, definitions] = await Promise.all([clusterUid(side.client, signal), readDefinitions(side.client, signal)]);
  return { client: side.client, name: side.name, uid, definitions: definitions.filter(isOfClusterApi) };
}

/** uid of the Namespace kube-system, which every API server makes for itself. @throws SLW-KUB-006 */
export async function clusterUid(client: KubeClient, signal: AbortSignal): Promise<string> {
  const found = await client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }, signal);
  if (found?.metadata.uid !== undefined) return found.metadata.uid;
  throw new SlipwayError('SLW-KUB-006', `${client.server} has no namespace kube-system, so it cannot be told from others`);
}

export async function readWorld(ground: Ground, selection: PivotSelection, signal: AbortSignal): Promise<World> {
  const { client } = ground.from;
  const listed = await readInventory({ client, kinds: ground.kinds, namespaces: selection.namespaces, signal });
  const scoped = await withOtherClusters(listed, ground, { selection, signal });
  const { inventory, selected } = await complete(scoped, { selection: scopeOf(listed, selection), client, signal });
  const going = orderObjects(selected, inventory);
  const namespaces = [...new Set(going.flatMap(({ object }) => object.metadata.namespace ?? []))].sort();
  return { ...ground, inventory, selected, going, namespaces };
}

/** Without a choice the namespaces are those that hold Cluster API objects; what is fetched from elsewhere is outside. */
function scopeOf(listed: Inventory, selection: PivotSelection): PivotSelection {
  return { ...selection, namespaces: selection.namespaces ?? listed.ownNamespaces };
}

/** Clusters outside the chosen namespaces may use a class inside. */
async function withOtherClusters(
  listed: Inventory,
  { from, kinds }: Ground,
  { selection, signal }: { readonly selection: PivotSelection; readonly signal: AbortSignal },
): Promise<Inventory> {
  if (selection.namespaces === undefined) return listed;
  const clusters = await listClusters(from.client, kinds, signal);
  return listed.with(clusters.filter(({ metadata }) => listed.byUid(metadata.uid ?? '') === undefined));
}

interface Completion {
  readonly selection: PivotSelection;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

/** Fetches what goes refers to outside the namespaces, until nothing new is found. */
async function complete(
  start: Inventory,
  completion: Completion,
): Promise<{ readonly inventory: Inventory; readonly selected: readonly Selected[] }> {
  let inventory = start;
  const asked = new Set<string>();
  const providers = await providerNamespaces(completion);
  for (;;) {
    const selected = selectObjects(inventory, completion.selection);
    const wanted = missingRefs(selected, inventory, providers).filter((ref) => {
      const key = `${ref.kind}/${ref.namespace ?? ''}/${ref.name}`;
      return !asked.has(key) && asked.add(key);
    });
    if (wanted.length === 0) return { inventory, selected };
    const { client, signal } = completion;
    const found = await getAll(client, wanted, signal);
    const fresh = found.filter((object): object is KubeObject => object !== undefined);
    if (fresh.length === 0) return { inventory, selected };
    inventory = inventory.with(fresh);
  }
}

/** A cluster-scoped identity names Secrets in the namespace of its provider. */
async function providerNamespaces({ client, signal }: Completion): Promise<readonly string[]> {
  const managers = await listManagers(client, signal);
  return [...new Set(managers.flatMap(({ metadata }) => metadata.namespace ?? []))];
}

function missingRefs(selected: readonly Selected[], inventory: Inventory, providers: readonly string[]): readonly ObjectRef[] {
  const resolve = createResolver(inventory);
  return selected
    .filter(({ verdict }) => verdict !== 'stays')
    .flatMap(({ object }) => referencesOf(object))
    .filter((reference) => resolve(reference).length === 0)
    .flatMap((reference) => toRefs(reference, inventory, providers));
}

function toRefs(reference: Reference, inventory: Inventory, providers: readonly string[]): readonly ObjectRef[] {
  const kind = inventory.kinds.find(
    (candidate) =>
      candidate.kind === reference.kind &&
      (reference.group === undefined || candidate.group === reference.group) &&
      groupOf(candidate.apiVersion) === candidate.group,
  );
  if (!kind) return [];
  const ref = { apiVersion: kind.apiVersion, kind: kind.kind, name: reference.name };
  if (!kind.namespaced) return [ref];
  const places = reference.namespace === undefined ? providers : [reference.namespace];
  return places.map((namespace) => ({ ...ref, namespace }));
}
