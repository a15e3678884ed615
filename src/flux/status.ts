/** One look at GitOps on a cluster: a tree of sources and units with what failed below them, and the causes. Changes nothing. */
import { isSlipwayError } from '../core/errors.ts';
import type { StatusNode } from '../core/status-node.ts';
import { textAt } from '../kube/readiness-state.ts';
import { readinessOf } from '../kube/readiness.ts';
import { type GroupKind, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import type { Cause } from './cause.ts';
import { diagnose, type DiagnoseOptions, wanted } from './diagnose.ts';
import { BELOW_WORKLOADS, FLUX_KINDS, warningsFrom, WORKLOADS } from './mirror.ts';
import { commitOf, type Heads, inventoryOf, isUnit, progressOf, sourceRefOf, type Unit } from './units.ts';
import { createWorld, keyOf, type World } from './world.ts';

export interface GitopsStatus {
  /** Declared sources; under each its Kustomizations, under these the units and failing objects of their inventories. */
  readonly sources: readonly StatusNode[];
  /** The true one first. */
  readonly causes: readonly Cause[];
}

export type GitopsStatusOptions = Omit<DiagnoseOptions, 'heads'> & {
  readonly sources: readonly ObjectRef[];
  readonly heads?: Heads;
  readonly signal?: AbortSignal;
};

/** How often the reading goes one level deeper: unit → object → what it owns. */
const MAX_DEPTH = 3;

export async function readGitopsStatus(client: KubeClient, options: GitopsStatusOptions): Promise<GitopsStatus> {
  const asked = { ...options, heads: options.heads ?? new Map<string, string>() };
  const reader = new Reader(client, options.signal);
  await Promise.all(FLUX_KINDS.map((kind) => reader.read(kind)));
  for (let depth = 0; depth < MAX_DEPTH; depth++) {
    const refs = wanted(reader.world(), asked);
    if (refs.length === 0) break;
    await Promise.all([
      reader.readWarnings(),
      ...refs.flatMap((ref) => [ref, ...(WORKLOADS.has(ref.kind) ? BELOW_WORKLOADS : [])].map((kind) => reader.read(kind, ref.namespace))),
    ]);
  }
  const world = reader.world();
  return { sources: options.sources.map((ref) => sourceNode(world, ref, asked)), causes: diagnose(world, asked) };
}

class Reader {
  readonly #client: KubeClient;
  readonly #signal: AbortSignal | undefined;
  readonly #parts = new Map<string, readonly KubeObject[]>();
  #events: readonly KubeObject[] | undefined;

  constructor(client: KubeClient, signal: AbortSignal | undefined) {
    this.#client = client;
    this.#signal = signal;
  }

  async read(kind: GroupKind, namespace?: string): Promise<void> {
    const key = partKey(kind, namespace);
    if (this.#parts.has(key) || this.#parts.has(partKey(kind, undefined))) return;
    this.#parts.set(key, []);
    const items = await this.#list(kind, { ...(namespace !== undefined && { namespace }) });
    if (items) this.#parts.set(key, items);
    else this.#parts.delete(key);
  }

  async readWarnings(): Promise<void> {
    this.#events ??= (await this.#list({ apiVersion: 'v1', kind: 'Event' }, { fieldSelector: 'type=Warning' })) ?? [];
  }

  world(): World {
    const knows = (ref: ObjectRef): boolean => this.#parts.has(partKey(ref, ref.namespace)) || this.#parts.has(partKey(ref, undefined));
    return createWorld([...this.#parts.values()].flat(), { knows, warnings: warningsFrom(this.#events ?? []) });
  }

  /** Undefined for a kind that is not served or may not be read: it is then not known. */
  async #list(
    kind: GroupKind,
    options: { readonly namespace?: string; readonly fieldSelector?: string },
  ): Promise<readonly KubeObject[] | undefined> {
    try {
      return (await this.#client.list(kind, { ...options, ...(this.#signal && { signal: this.#signal }) })).items;
    } catch (error) {
      if (isSlipwayError(error) && ['SLW-KUB-005', 'SLW-KUB-006', 'SLW-KUB-012'].includes(error.code)) return undefined;
      throw error;
    }
  }
}

function partKey(kind: GroupKind, namespace: string | undefined): string {
  return keyOf({ ...kind, name: '', ...(namespace !== undefined && { namespace }) });
}

type Asked = DiagnoseOptions;

function sourceNode(world: World, ref: ObjectRef, asked: Asked): StatusNode {
  const object = world.get(ref);
  const children = asked.declared.flatMap((name) => {
    const unit = declaredUnit(world, name);
    const source = unit.object && sourceRefOf(unit.object);
    return source && keyOf(source) === keyOf(ref) ? [unitNode(unit, { world, asked, seen: new Set() })] : [];
  });
  if (object === undefined)
    return { kind: ref.kind, name: ref.name, state: 'unknown', reason: 'NotFound', message: 'does not exist', children };
  const { state, reason, message } = readinessOf(object);
  const revision = textAt(object, 'status', 'artifact', 'revision');
  return {
    kind: ref.kind,
    name: ref.name,
    state,
    ...(state !== 'ready' && { reason, message }),
    facts: { ...(revision !== undefined && { revision: shortRevision(revision) }) },
    children,
  };
}

function declaredUnit(world: World, name: string): Unit {
  const ref = { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization', namespace: 'flux-system', name };
  return { ref, object: world.get(ref), isDeclared: true };
}

interface TreeWalk {
  readonly world: World;
  readonly asked: Asked;
  /** Units above: a unit that lists itself is shown once. */
  readonly seen: ReadonlySet<string>;
}

function unitNode(unit: Unit, { world, asked, seen }: TreeWalk): StatusNode {
  const { kind, name } = unit.ref;
  const progress = progressOf(world, unit, asked.heads);
  const state = progress.state === 'applied' ? 'ready' : progress.state;
  const revision = textAt(unit.object, 'status', 'lastAppliedRevision') ?? textAt(unit.object, 'status', 'lastAttemptedRevision');
  const inside = new Set([...seen, keyOf(unit.ref)]);
  const children = unit.object ? inventoryOf(unit.object).flatMap((ref) => childNode(ref, { world, asked, seen: inside })) : [];
  const { reason, message } = progress.readiness;
  const isBehind = progress.state === 'progressing' && progress.readiness.state === 'ready';
  const why = isBehind ? { reason: 'NotAtHead', message: 'has not applied the head of its source yet' } : { reason, message };
  return {
    kind,
    name,
    state,
    ...(state !== 'ready' && why),
    facts: { ...(revision !== undefined && { revision: shortRevision(revision) }) },
    children,
  };
}

/** Units always, other objects only when they are not ready. */
function childNode(ref: ObjectRef, walk: TreeWalk): readonly StatusNode[] {
  const object = walk.world.get(ref);
  if (isUnit(ref)) return walk.seen.has(keyOf(ref)) ? [] : [unitNode({ ref, object, isDeclared: false }, walk)];
  if (object === undefined) return [];
  const { state, reason, message } = readinessOf(object);
  const { name, namespace } = refOf(object);
  return state === 'ready'
    ? []
    : [{ kind: ref.kind, name: namespace === undefined ? name : `${namespace}/${name}`, state, reason, message, children: [] }];
}

/** `main@sha1:0123456789ab`. */
function shortRevision(revision: string): string {
  const commit = commitOf(revision);
  return commit.length > 12 ? `${revision.slice(0, revision.length - commit.length)}${commit.slice(0, 12)}` : revision;
}
