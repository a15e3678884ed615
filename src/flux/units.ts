/** Units (Kustomizations and HelmReleases), what they hang on, and how far each is. Pure. */
import { conditionsOf, numberAt, type Readiness, textAt, valueAt } from '../kube/readiness-state.ts';
import { readinessOf } from '../kube/readiness.ts';
import { type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import { FLUX_NAMESPACE, KUSTOMIZE_API, SOURCE_API } from './source.ts';
import { apiGroup, keyOf, type World } from './world.ts';

export interface Unit {
  readonly ref: ObjectRef;
  /** Undefined: declared, or named by an inventory, and not (or no longer) there. */
  readonly object: KubeObject | undefined;
  /** The project names it itself. */
  readonly isDeclared: boolean;
  /** Named by an inventory of an older revision than the head: what it says may be about to change. */
  readonly isStale?: boolean;
}

/** Commit (or digest) at the head of a source, by `keyOf` of the source. */
export type Heads = ReadonlyMap<string, string>;

export interface UnitProgress {
  readonly state: 'applied' | 'progressing' | 'failed' | 'suspended';
  readonly readiness: Readiness;
  /** Failed at the revision that is at the head now: its controller has tried what it should. */
  readonly hasTriedHead: boolean;
}

const HELM_GROUP = 'helm.toolkit.fluxcd.io';
const KUSTOMIZE_GROUP = 'kustomize.toolkit.fluxcd.io';

export function isUnit(ref: { readonly apiVersion: string; readonly kind: string }): boolean {
  const group = apiGroup(ref.apiVersion);
  return (group === KUSTOMIZE_GROUP && ref.kind === 'Kustomization') || (group === HELM_GROUP && ref.kind === 'HelmRelease');
}

/** The declared Kustomizations and every unit in their inventories, recursively; each once, parents first. */
export function unitsOf(world: World, declared: readonly string[], heads: Heads = new Map()): readonly Unit[] {
  const found = new Map<string, Unit>();
  const queue: Unit[] = declared.map((name) =>
    unitAt(world, { apiVersion: KUSTOMIZE_API, kind: 'Kustomization', namespace: FLUX_NAMESPACE, name }, { isDeclared: true }),
  );
  for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
    const key = keyOf(unit.ref);
    const known = found.get(key);
    if (known) continue;
    found.set(key, unit);
    const children = unit.object ? inventoryOf(unit.object).filter(isUnit) : [];
    const isStale = unit.isStale === true || !isInventoryOfHead(world, unit, heads);
    queue.push(...children.map((ref) => unitAt(world, ref, { isDeclared: false, ...(isStale && { isStale }) })));
  }
  return [...found.values()];
}

/** Whether what the unit lists is what the head holds: it has applied the head, or applied it and checks its health. */
function isInventoryOfHead(world: World, unit: Unit, heads: Heads): boolean {
  const { object } = unit;
  if (object === undefined) return false;
  const { state, readiness, hasTriedHead } = progressOf(world, unit, heads);
  if (state === 'applied') return true;
  if (object.kind === 'HelmRelease') return hasTriedHead;
  const head = headOfUnit(world, object, heads);
  if (head === undefined || !isRevision(object, 'lastAttemptedRevision', head)) return false;
  const reconciling = conditionsOf(object).get('Reconciling')?.message ?? '';
  return readiness.reason === 'HealthCheckFailed' || (/health check/i.test(reconciling) && reconciling.includes(head));
}

function unitAt(world: World, ref: ObjectRef, more: Pick<Unit, 'isDeclared' | 'isStale'>): Unit {
  const object = world.get(ref);
  return { ref: object ? refOf(object) : ref, object, ...more };
}

/** What a unit last applied. Ids are `namespace_name_group_kind`, with `__` for `:` in names (cli-utils object.ObjMetadata). */
export function inventoryOf(object: KubeObject): readonly ObjectRef[] {
  const entries = valueAt(object, 'status', 'inventory', 'entries');
  if (!Array.isArray(entries)) return [];
  return (entries as readonly { readonly id?: string; readonly v?: string }[]).flatMap(
    ({ id = '', v = 'v1' }) => parseInventoryId(id, v) ?? [],
  );
}

function parseInventoryId(id: string, version: string): ObjectRef | undefined {
  const match = /^([^_]*)_(.+)_([^_]*)_([^_]+)$/.exec(id);
  if (!match) return undefined;
  const [, namespace = '', name = '', group = '', kind = ''] = match;
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return { apiVersion, kind, name: name.replaceAll('__', ':'), ...(namespace !== '' && { namespace }) };
}

/** The source a unit is built from: of a HelmRelease, the source of its chart. */
export function sourceRefOf(unit: KubeObject): ObjectRef | undefined {
  const own = unit.metadata.namespace ?? FLUX_NAMESPACE;
  const from =
    unit.kind === 'HelmRelease'
      ? (valueAt(unit, 'spec', 'chart', 'spec', 'sourceRef') ?? valueAt(unit, 'spec', 'chartRef'))
      : valueAt(unit, 'spec', 'sourceRef');
  const [kind, name] = [textAt(from, 'kind'), textAt(from, 'name')];
  if (kind === undefined || name === undefined) return undefined;
  return { apiVersion: SOURCE_API, kind, name, namespace: textAt(from, 'namespace') ?? own };
}

/** The HelmChart that helm-controller made for a release with an inline chart template. */
export function chartRefOf(release: KubeObject): ObjectRef | undefined {
  const [namespace, name] = (textAt(release, 'status', 'helmChart') ?? '').split('/');
  if (!namespace || !name) return undefined;
  return { apiVersion: SOURCE_API, kind: 'HelmChart', namespace, name };
}

export function dependenciesOf(unit: KubeObject): readonly ObjectRef[] {
  const list = valueAt(unit, 'spec', 'dependsOn');
  if (!Array.isArray(list)) return [];
  const { apiVersion, kind } = unit;
  return (list as readonly { readonly name?: string; readonly namespace?: string }[]).flatMap((item) =>
    item.name === undefined
      ? []
      : { apiVersion, kind, name: item.name, namespace: item.namespace ?? unit.metadata.namespace ?? FLUX_NAMESPACE },
  );
}

/** The commit or digest of `main@sha1:abc`, `sha1:abc`, `latest@sha256:…` or of a bare commit. */
export function commitOf(revision: string): string {
  return revision.slice(revision.lastIndexOf(':') + 1);
}

export function headOf(world: World, source: ObjectRef, heads: Heads): string | undefined {
  const head = heads.get(keyOf(source));
  if (head !== undefined) return commitOf(head);
  const artifact = textAt(world.get(source), 'status', 'artifact', 'revision');
  return artifact === undefined ? undefined : commitOf(artifact);
}

/** How far a unit is against the heads. */
export function progressOf(world: World, unit: Unit, heads: Heads): UnitProgress {
  const { object } = unit;
  if (object === undefined)
    return {
      state: 'progressing',
      readiness: { state: 'progressing', reason: 'NotFound', message: 'does not exist yet' },
      hasTriedHead: false,
    };
  const readiness = readinessOf(object);
  if (readiness.state === 'suspended') return { state: 'suspended', readiness, hasTriedHead: false };
  const isAtHead =
    object.kind === 'HelmRelease'
      ? isReleaseAtHead(world, object, heads)
      : isRevision(object, 'lastAppliedRevision', headOfUnit(world, object, heads));
  if (readiness.state === 'ready') return { state: isAtHead ? 'applied' : 'progressing', readiness, hasTriedHead: isAtHead };
  const hasTriedHead =
    object.kind === 'HelmRelease'
      ? isChartAtHead(world, object, heads)
      : isAttemptAt(object, headOfUnit(world, object, heads)) || hasNoAttempt(object);
  return { state: readiness.state === 'failed' ? 'failed' : 'progressing', readiness, hasTriedHead };
}

/** A path that is missing fails before an attempt is recorded. */
function hasNoAttempt(object: KubeObject): boolean {
  return textAt(object, 'status', 'lastAttemptedRevision') === undefined;
}

function headOfUnit(world: World, object: KubeObject, heads: Heads): string | undefined {
  const source = sourceRefOf(object);
  return source && headOf(world, source, heads);
}

/** kustomize-controller notes an attempt only once it has found the path; before, only its progress says which revision it tried. */
function isAttemptAt(object: KubeObject, head: string | undefined): boolean {
  if (isRevision(object, 'lastAttemptedRevision', head)) return true;
  const conditions = conditionsOf(object);
  const isOfArtifact = conditions.get('Ready')?.reason === 'ArtifactFailed';
  return head !== undefined && isOfArtifact && conditions.get('Reconciling')?.message?.includes(head) === true;
}

function isRevision(object: KubeObject, field: 'lastAppliedRevision' | 'lastAttemptedRevision', head: string | undefined): boolean {
  const revision = textAt(object, 'status', field);
  return head !== undefined && revision !== undefined && commitOf(revision) === head;
}

function isReleaseAtHead(world: World, release: KubeObject, heads: Heads): boolean {
  const chart = chartOf(world, release);
  if (chart === undefined) return true;
  const built = textAt(chart, 'status', 'artifact', 'revision');
  return isChartAtHead(world, release, heads) && textAt(release, 'status', 'lastAttemptedRevision') === built;
}

/** Whether the chart was looked at in the source's head. Charts from elsewhere than a source we know the head of are as they are. */
function isChartAtHead(world: World, release: KubeObject, heads: Heads): boolean {
  const source = sourceRefOf(release);
  const chart = chartOf(world, release);
  if (source === undefined || chart === undefined || (source.kind !== 'GitRepository' && source.kind !== 'Bucket')) return true;
  const observed = textAt(chart, 'status', 'observedSourceArtifactRevision');
  const head = headOf(world, source, heads);
  const isSeen = (numberAt(chart, 'status', 'observedGeneration') ?? -1) >= (chart.metadata.generation ?? 0);
  return isSeen && observed !== undefined && head !== undefined && commitOf(observed) === head;
}

function chartOf(world: World, release: KubeObject): KubeObject | undefined {
  const ref = chartRefOf(release);
  return ref && world.get(ref);
}

/** A chart from Git that is rebuilt only when its version changes. */
export function ignoresEdits(release: KubeObject): boolean {
  const spec = valueAt(release, 'spec', 'chart', 'spec');
  return (
    release.kind === 'HelmRelease' &&
    textAt(spec, 'sourceRef', 'kind') === 'GitRepository' &&
    textAt(spec, 'reconcileStrategy') !== 'Revision'
  );
}
