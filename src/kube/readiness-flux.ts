/** Readiness of Flux objects. Pure. Source: fluxcd.io/flux/components, "Conditions", and github.com/fluxcd/pkg/apis/meta. */
import { type Condition, conditionsOf, failed, failing, numberAt, progressing, ready, type Readiness, valueAt } from './readiness-state.ts';
import type { KubeObject } from './types.ts';

/** Reasons of Ready=False that only mean "not yet". */
const WAITING = new Set(['Progressing', 'ProgressingWithRetry', 'DependencyNotReady', 'ArtifactFailedDependency', 'SourceNotReady']);

function flux(object: KubeObject): Readiness {
  if (valueAt(object, 'spec', 'suspend') === true) return { state: 'suspended', reason: 'Suspended', message: 'spec.suspend is true' };
  const conditions = conditionsOf(object);
  const stalled = conditions.get('Stalled');
  if (stalled?.status === 'True') return failed(stalled.reason ?? 'Stalled', stalled.message ?? '');
  const main = conditions.get('Ready');
  const [reason, message] = [main?.reason ?? 'NotReady', main?.message ?? ''];
  const seen = main?.observedGeneration ?? numberAt(object, 'status', 'observedGeneration') ?? -1;
  const undated = main?.status === 'False' && main.observedGeneration === undefined;
  if (seen < (object.metadata.generation ?? 0) && !undated) return notReconciled(conditions);
  if (main?.status === 'False' && !WAITING.has(reason)) return failing(reason, message);
  return main?.status === 'True' ? ready(reason, message) : progressing(reason, message);
}

function notReconciled(conditions: ReadonlyMap<string, Condition>): Readiness {
  const reconciling = conditions.get('Reconciling');
  return progressing(reconciling?.reason ?? 'NotReconciled', reconciling?.message ?? 'no controller has reconciled its present generation yet');
}

/** A default HelmRepository of type oci is only data: no controller reports on it. */
function helmRepository(object: KubeObject): Readiness {
  return valueAt(object, 'spec', 'type') === 'oci' && valueAt(object, 'status', 'conditions') === undefined ? ready('Current', 'OCI repositories have no status') : flux(object);
}

export const fluxReadiness: Readonly<Record<string, (object: KubeObject) => Readiness>> = {
  'source.toolkit.fluxcd.io/GitRepository': flux,
  'source.toolkit.fluxcd.io/OCIRepository': flux,
  'source.toolkit.fluxcd.io/HelmRepository': helmRepository,
  'source.toolkit.fluxcd.io/HelmChart': flux,
  'source.toolkit.fluxcd.io/Bucket': flux,
  'source.toolkit.fluxcd.io/ExternalArtifact': flux,
  'kustomize.toolkit.fluxcd.io/Kustomization': flux,
  'helm.toolkit.fluxcd.io/HelmRelease': flux,
};
