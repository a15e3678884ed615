/** Readiness of Flux objects. Pure. Source: fluxcd.io/flux/components, "Conditions", and github.com/fluxcd/pkg/apis/meta. */
import { failed, failing, numberAt, progressing, ready, type Readiness, valueAt, type Verdict, verdictOf } from './readiness-state.ts';
import type { KubeObject } from './types.ts';

/** Reasons of Ready=False that only mean "not yet". */
const WAITING = new Set(['Progressing', 'ProgressingWithRetry', 'DependencyNotReady', 'ArtifactFailedDependency', 'SourceNotReady']);

function flux(object: KubeObject): Readiness {
  if (valueAt(object, 'spec', 'suspend') === true) return { state: 'suspended', reason: 'Suspended', message: 'spec.suspend is true' };
  const stalled = verdictOf(object, 'Stalled');
  if (stalled.status === 'True') return failed(stalled.reason, stalled.message);
  const main = verdictOf(object, 'Ready', { reason: 'NotReady' });
  if (isOutdated(object, main)) return notReconciled(object);
  if (main.status === 'True') return ready(main.reason, main.message);
  return main.status === 'False' && !isNotYet(main) ? failing(main.reason, main.message) : progressing(main.reason, main.message);
}

/** kustomize-controller calls a source whose archive is not there yet `ArtifactFailed`, like a real failure; only its words differ. */
function isNotYet({ reason, message }: Verdict): boolean {
  return WAITING.has(reason) || (reason === 'ArtifactFailed' && /artifact not found, retrying in/.test(message));
}

/** A failure that does not tell its generation is believed: `status.observedGeneration` follows only successes. */
function isOutdated(object: KubeObject, main: Verdict): boolean {
  if (main.status === 'False' && main.observedGeneration === undefined) return false;
  const seen = main.observedGeneration ?? numberAt(object, 'status', 'observedGeneration') ?? -1;
  return seen < (object.metadata.generation ?? 0);
}

function notReconciled(object: KubeObject): Readiness {
  const { reason, message } = verdictOf(object, 'Reconciling', {
    reason: 'NotReconciled',
    message: 'no controller has reconciled its present generation yet',
  });
  return progressing(reason, message);
}

/** A default HelmRepository of type oci is only data: no controller reports on it. */
function helmRepository(object: KubeObject): Readiness {
  return valueAt(object, 'spec', 'type') === 'oci' && valueAt(object, 'status', 'conditions') === undefined
    ? ready('Current', 'OCI repositories have no status')
    : flux(object);
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
