/** What about the source speaks against a pivot now. Pure. */
import { formatRef, type KubeObject, refOf } from '../../kube/types.ts';
import { CORE_GROUP } from '../words.ts';
import { conditionOf, fieldAt, groupOf, keyOf, numberAt, textAt } from './fields.ts';
import { createResolver } from './membership.ts';
import { isClusterKind, observedPause } from './pausing.ts';
import type { Refusal } from './plan.ts';
import { referencesOf } from './references.ts';
import type { World } from './world.ts';

const ROLLING = ['RollingOut', 'ScalingUp', 'ScalingDown', 'Remediating'];

/** `isPausedByUs`: what had begun before the pause cannot end under it and goes on at the target. */
export function checkSource(world: World, { isPausedByUs }: { readonly isPausedByUs: boolean }): readonly Refusal[] {
  const leaving = world.going.filter(({ verdict }) => verdict === 'moves').map(({ object }) => object);
  const index = indexOf(world);
  return [...(isPausedByUs ? [] : leaving.flatMap(checkObject)), ...world.going.flatMap(({ object }) => checkReferences(object, index))];
}

function checkObject(object: KubeObject): readonly Refusal[] {
  const name = formatRef(refOf(object));
  if (object.metadata.deletionTimestamp !== undefined)
    return [{ reason: 'being-deleted', object: name, message: `${name} is being deleted; its end must come first` }];
  if (isClusterKind(object)) return [...checkCluster(object, name), ...checkRollout(object, name)];
  if (object.kind === 'Machine' && groupOf(object.apiVersion) === CORE_GROUP) return checkMachine(object, name);
  return checkRollout(object, name);
}

function checkCluster(object: KubeObject, name: string): readonly Refusal[] {
  const missing = [
    ['infrastructure', isInitialized(object, 'infrastructureProvisioned', 'infrastructureReady')] as const,
    ['control plane', isInitialized(object, 'controlPlaneInitialized', 'controlPlaneReady')] as const,
  ].filter(([, done]) => !done);
  return missing.map(([what]) => ({ reason: 'not-initialized', object: name, message: `the ${what} of ${name} is not initialized yet` }));
}

/** By the field of contract v1beta2, else of v1beta1. */
function isInitialized(object: KubeObject, field: string, older: string): boolean {
  return fieldAt(object, 'status', 'initialization', field) === true || fieldAt(object, 'status', older) === true;
}

function checkMachine(object: KubeObject, name: string): readonly Refusal[] {
  if (textAt(object, 'status', 'nodeRef', 'name') !== undefined) return [];
  return [{ reason: 'machine-without-node', object: name, message: `${name} has no node yet` }];
}

function checkRollout(object: KubeObject, name: string): readonly Refusal[] {
  const rolling = ROLLING.map((type) => conditionOf(object, type)).find((condition) => condition?.status === 'True');
  if (rolling)
    return [
      {
        reason: 'rollout-in-flight',
        object: name,
        message: `${name} is changing its machines (${rolling.type}: ${rolling.message ?? rolling.reason ?? 'true'})`,
      },
    ];
  const wanted = numberAt(object, 'spec', 'replicas');
  const has = numberAt(object, 'status', 'replicas');
  const current = numberAt(object, 'status', 'upToDateReplicas');
  if (wanted === undefined || has === undefined || (has === wanted && (current ?? wanted) >= wanted)) return [];
  const counts = `${has} of ${wanted} replicas${current === undefined ? '' : `, ${current} of them up to date`}`;
  return [{ reason: 'rollout-in-flight', object: name, message: `${name} is changing its machines: ${counts}` }];
}

interface Index {
  readonly resolve: ReturnType<typeof createResolver>;
  /** Keys. */
  readonly staying: ReadonlySet<string>;
}

function indexOf(world: World): Index {
  const staying = world.selected.filter(({ verdict }) => verdict === 'stays').map(({ object }) => keyOf(object));
  return { resolve: createResolver(world.inventory), staying: new Set(staying) };
}

/** What is named by something that goes, exists, and yet stays. */
function checkReferences(object: KubeObject, { resolve, staying }: Index): readonly Refusal[] {
  return referencesOf(object)
    .flatMap((reference) => resolve(reference).map((target) => ({ reference, target })))
    .filter(({ target }) => (target.kind === 'Secret' || target.kind === 'ConfigMap') && staying.has(keyOf(target)))
    .map(({ reference, target }) => ({
      reason: 'secret-stays-behind',
      object: formatRef(refOf(target)),
      message: `${formatRef(refOf(object))} refers to ${formatRef(refOf(target))} in ${reference.field}, which cannot be taken along`,
    }));
}

/** Kinds with an actor that does not tell whether it is paused; a source that lives on cannot be fenced against those. */
export function unobservedKinds(world: World): readonly string[] {
  const acting = world.going.filter(({ verdict, object }) => {
    const kind = world.inventory.kindOf(object);
    return verdict === 'moves' && kind.hasStatus && (kind.role === 'resource' || kind.role === 'companion' || kind.role === 'cluster');
  });
  const kinds = Map.groupBy(acting, ({ object }) => `${object.kind}.${groupOf(object.apiVersion)}`);
  return [...kinds].filter(([, entries]) => entries.every(({ object }) => observedPause(object) === undefined)).map(([kind]) => kind);
}
