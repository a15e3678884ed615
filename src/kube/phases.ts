/** In which order objects of a set are applied; deleting goes the other way round. Pure. */
import { groupOf } from './discovery.ts';
import { builtInKinds } from './built-in-kinds.ts';
import type { GroupKind } from './types.ts';

/**
 * What others need comes first. Modelled on Flux's stages (fluxcd/pkg/ssa: cluster definitions, class definitions, the
 * rest) and the sort order of Helm and kustomize for built-in kinds. Kinds in one phase are applied at the same time.
 */
const PHASES: readonly ReadonlySet<string>[] = [
  new Set(['Namespace', 'CustomResourceDefinition']),
  new Set([
    'PriorityClass',
    'StorageClass',
    'RuntimeClass',
    'IngressClass',
    'GatewayClass',
    'ClusterRole',
    'Role',
    'ServiceAccount',
    'ResourceQuota',
    'LimitRange',
    'ConfigMap',
    'Secret',
    'PersistentVolume',
    'NetworkPolicy',
    'PodDisruptionBudget',
  ]),
  new Set(['ClusterRoleBinding', 'RoleBinding', 'Service', 'PersistentVolumeClaim']),
];
const BUILT_IN_PHASE = PHASES.length;
const CUSTOM_PHASE = PHASES.length + 1;
/** A webhook that is not served yet would block everything after it, an API service likewise. */
const LAST = new Set([
  'ValidatingWebhookConfiguration',
  'MutatingWebhookConfiguration',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionPolicyBinding',
  'MutatingAdmissionPolicy',
  'MutatingAdmissionPolicyBinding',
  'APIService',
]);
const LAST_PHASE = PHASES.length + 2;

const builtInGroups = new Set(builtInKinds.map((kind) => groupOf(kind.apiVersion)));

/** A number that orders phases; equal numbers go together. */
export function phaseOf(kind: GroupKind): number {
  if (!builtInGroups.has(groupOf(kind.apiVersion))) return CUSTOM_PHASE;
  if (LAST.has(kind.kind)) return LAST_PHASE;
  const early = PHASES.findIndex((kinds) => kinds.has(kind.kind));
  return early === -1 ? BUILT_IN_PHASE : early;
}

/** Non-empty phases in order; within a phase the given order is kept. */
export function inPhases<T extends GroupKind>(items: readonly T[]): readonly (readonly T[])[] {
  const byPhase = Map.groupBy(items, phaseOf);
  return [...byPhase.keys()].sort((a, b) => a - b).map((phase) => byPhase.get(phase) ?? []);
}
