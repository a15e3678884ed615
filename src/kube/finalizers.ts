/** Who would remove a finalizer. */
import { valueAt } from './readiness-state.ts';
import type { KubeObject } from './types.ts';

/** Well-known finalizers, by exact name or by what their name ends with. Source: the documents of each project. */
const OWNERS: readonly (readonly [RegExp, string])[] = [
  [/^(?:foregroundDeletion|orphan)$/, 'the garbage collector (kube-controller-manager)'],
  [/^kubernetes$/, 'the namespace controller (kube-controller-manager)'],
  [/^kubernetes\.io\/(?:pvc|pv)-protection$/, 'the volume protection controller (kube-controller-manager)'],
  [/^batch\.kubernetes\.io\/job-tracking$/, 'the job controller (kube-controller-manager)'],
  [/^service\.kubernetes\.io\/load-balancer-cleanup$/, 'the cloud controller manager'],
  [/^customresourcecleanup\.apiextensions\.k8s\.io$/, 'kube-apiserver, once no object of the kind is left'],
  [/^finalizers\.fluxcd\.io$/, 'Flux'],
  [/(?:^|\.)cluster\.x-k8s\.io(?:\/|$)/, 'Cluster API'],
  [/external-(?:provisioner|attacher)/, 'the CSI driver'],
];

const FLUX: Readonly<Record<string, string>> = { Kustomization: 'kustomize-controller', HelmRelease: 'helm-controller' };

/** The controller that set it, as the object itself tells, else the well-known owner, else an honest guess from its name. */
export function finalizerOwner(object: KubeObject, finalizer: string): string {
  if (finalizer === 'finalizers.fluxcd.io') return FLUX[object.kind] ?? 'source-controller';
  const known = OWNERS.find(([pattern]) => pattern.test(finalizer));
  return settingManager(object, finalizer) ?? known?.[1] ?? `the controller of ${finalizer.split('/')[0]}`;
}

/** managedFields name the manager that owns `f:metadata.f:finalizers.v:"…"`; ours and people's tools do not count. */
function settingManager(object: KubeObject, finalizer: string): string | undefined {
  const entries = (object.metadata.managedFields ?? []) as readonly { readonly manager?: string; readonly fieldsV1?: unknown }[];
  const owner = entries.find((entry) => valueAt(entry.fieldsV1, 'f:metadata', 'f:finalizers', `v:"${finalizer}"`) !== undefined)?.manager;
  return owner === undefined || /^(?:slipway|kubectl|helm|unknown|kube-apiserver)/.test(owner) ? undefined : owner;
}
