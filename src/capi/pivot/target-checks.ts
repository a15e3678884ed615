/** What about the target speaks against a pivot: providers, definitions, namespaces, objects of others in the way. Reads only. */
import { formatRef, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { type InstalledProvider, readProviders } from '../providers/installed.ts';
import { compareVersions } from '../providers/survey.ts';
import { PROVIDER_LABEL } from '../words.ts';
import { canonicalForm, differingPaths } from './canonical.ts';
import { copyForm } from './copy-form.ts';
import type { Definition } from './definitions.ts';
import { fieldAt, keyOf, kindKey, textAt } from './fields.ts';
import { type Inventory, readInventory } from './inventory.ts';
import type { KindRole, MovingKind } from './kinds.ts';
import { annotationOf, SOURCE_UID_ANNOTATION } from './marks.ts';
import type { Ordered } from './order.ts';
import { isClusterKind } from './pausing.ts';
import type { Refusal } from './plan.ts';
import { shortUid } from './transaction.ts';
import type { World } from './world.ts';

export interface Standing {
  readonly standing: Inventory;
  /** Short uids of the copies of this pivot whose marks may be off already. */
  readonly sealed: ReadonlySet<string>;
}

export async function checkTarget(world: World, standing: Standing, signal: AbortSignal): Promise<readonly Refusal[]> {
  const [providers, namespaces] = await Promise.all([checkProviders(world, signal), checkNamespaces(world, signal)]);
  return [...checkDefinitions(world), ...providers, ...namespaces, ...checkStanding(world, standing)];
}

/** What stands on the target already at the places of what goes; also what is left there of an earlier attempt. */
export function readStanding(world: World, signal: AbortSignal): Promise<Inventory> {
  return readInventory({
    client: world.to.client,
    kinds: world.kinds.filter(({ role }) => role !== 'inventory'),
    namespaces: world.namespaces,
    signal,
  });
}

function checkDefinitions(world: World): readonly Refusal[] {
  const there = new Map(world.to.definitions.map((definition) => [`${definition.group}/${definition.kind}`, definition]));
  const used = new Map(world.going.map(({ object }) => [kindKey(object), world.inventory.kindOf(object)]));
  return [...used.values()].filter(({ role }) => role !== 'data').flatMap((kind) => checkDefinition(kind, there.get(kindKey(kind)), world));
}

function checkDefinition(kind: MovingKind, found: Definition | undefined, world: World): readonly Refusal[] {
  const name = `${kind.kind}.${kind.group}`;
  if (!found) return [{ reason: 'kind-missing', object: name, message: `${world.to.name} has no definition of ${name}` }];
  const version = kind.apiVersion.slice(kind.group.length + 1);
  const stored = world.from.definitions.find(
    (definition) => definition.group === kind.group && definition.kind === kind.kind,
  )?.storageVersion;
  if (found.versions.get(version)?.served && (stored === undefined || found.versions.has(stored))) return [];
  const missing = found.versions.get(version)?.served ? stored : version;
  return [{ reason: 'version-missing', object: name, message: `${world.to.name} does not know version ${missing ?? version} of ${name}` }];
}

async function checkProviders(world: World, signal: AbortSignal): Promise<readonly Refusal[]> {
  const [here, there] = await Promise.all([readProviders(world.from.client, signal), readProviders(world.to.client, signal)]);
  const needed = neededProviders(world);
  const byLabel = new Map(there.map((provider) => [provider.label, provider]));
  return here.filter(({ label }) => needed.has(label)).flatMap((provider) => checkProvider(provider, byLabel.get(provider.label), world));
}

/** Labels of the providers whose kinds go. */
function neededProviders(world: World): ReadonlySet<string> {
  const used = new Set(world.going.map(({ object }) => kindKey(object)));
  const definitions = world.from.definitions.filter((definition) => used.has(`${definition.group}/${definition.kind}`));
  return new Set(definitions.flatMap((definition) => definition.labels[PROVIDER_LABEL] ?? []));
}

function checkProvider(source: InstalledProvider, target: InstalledProvider | undefined, world: World): readonly Refusal[] {
  const { label } = source;
  if (!target) return [{ reason: 'provider-missing', object: label, message: `provider ${label} is not installed on ${world.to.name}` }];
  if (source.version !== undefined && target.version !== undefined && compareVersions(target.version, source.version) < 0)
    return [
      {
        reason: 'provider-older',
        object: label,
        message: `provider ${label} is ${target.version} on ${world.to.name} and ${source.version} on ${world.from.name}`,
      },
    ];
  const needsTopology = source.featureGates['ClusterTopology'] === true && world.going.some(({ object }) => hasTopology(object));
  if (!needsTopology || target.featureGates['ClusterTopology'] === true) return [];
  return [{ reason: 'feature-gate-missing', object: label, message: `provider ${label} on ${world.to.name} runs without ClusterTopology` }];
}

function hasTopology(object: KubeObject): boolean {
  return isClusterKind(object) && fieldAt(object, 'spec', 'topology') !== undefined;
}

async function checkNamespaces(world: World, signal: AbortSignal): Promise<readonly Refusal[]> {
  const found = await Promise.all(world.namespaces.map((name) => world.to.client.get(namespaceRef(name), signal)));
  return found
    .filter((namespace) => textAt(namespace, 'status', 'phase') === 'Terminating' || namespace?.metadata.deletionTimestamp !== undefined)
    .map((namespace) => ({
      reason: 'namespace-terminating',
      object: `Namespace/${namespace?.metadata.name ?? ''}`,
      message: `namespace ${namespace?.metadata.name ?? ''} of ${world.to.name} is being deleted`,
    }));
}

export function namespaceRef(name: string): ObjectRef {
  return { apiVersion: 'v1', kind: 'Namespace', name };
}

/** Roles that nothing acts on: an equal object of another is as good as ours. */
const PASSIVE: ReadonlySet<KindRole> = new Set(['class', 'template', 'identity', 'data']);

function checkStanding(world: World, { standing, sealed }: Standing): readonly Refusal[] {
  return world.going.flatMap((entry) => {
    const found = standing.byKey(keyOf(entry.object));
    if (!found || isCopyOf(found, entry.object, sealed)) return [];
    const differences = differencesFrom(entry, found, world.inventory);
    if (differences.length === 0 && isShareable(entry, world.inventory)) return [];
    const name = formatRef(refOf(entry.object));
    const why =
      differences.length === 0
        ? 'is there already and no copy of ours'
        : `is there already and differs in ${differences.slice(0, 3).join(', ')}`;
    return [{ reason: 'foreign-object' as const, object: name, message: `${name} on ${world.to.name} ${why}` }];
  });
}

/** By its mark, or by its uid once the marks are being taken off. */
export function isCopyOf(found: KubeObject, original: KubeObject, sealed: ReadonlySet<string>): boolean {
  return annotationOf(found, SOURCE_UID_ANNOTATION) === original.metadata.uid || sealed.has(shortUid(found.metadata.uid ?? ''));
}

/** Whether an equal object that somebody else made on the target may stand for a copy. */
export function isShareable({ object, verdict }: Ordered, inventory: Inventory): boolean {
  return verdict === 'copies' || PASSIVE.has(inventory.kindOf(object).role);
}

/** Owners do not count: they have other uids, and their controllers set them. */
export function differencesFrom(entry: Ordered, found: KubeObject, inventory: Inventory): readonly string[] {
  const wanted = canonicalForm(copyForm(entry, { inventory, runId: undefined, uidOf: (uid) => uid })) as Record<string, never>;
  const has = canonicalForm(found) as Record<string, never>;
  return differingPaths({ ...wanted, owners: null, annotations: null }, { ...has, owners: null, annotations: null });
}
