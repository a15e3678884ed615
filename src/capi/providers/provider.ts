/** The providers that Slipway can install, as a table: what clusterctl calls them, in which order they go, what runs for them. */
import { SlipwayError } from '../../core/errors.ts';

export type ProviderName = 'core' | 'kubeadm-bootstrap' | 'kubeadm-control-plane' | 'in-memory' | 'local';

export type ProviderType = 'CoreProvider' | 'BootstrapProvider' | 'ControlPlaneProvider' | 'InfrastructureProvider';

export interface ProviderFacts {
  readonly name: ProviderName;
  readonly type: ProviderType;
  /** Value of the label `cluster.x-k8s.io/provider` on its components. */
  readonly label: string;
  readonly namespace: string;
  /** Of its manager; undefined for one that is no process of the cluster. */
  readonly deployment: string | undefined;
}

export const providerTable: Readonly<Record<ProviderName, ProviderFacts>> = {
  core: {
    name: 'core',
    type: 'CoreProvider',
    label: 'cluster-api',
    namespace: 'capi-system',
    deployment: 'capi-controller-manager',
  },
  'kubeadm-bootstrap': {
    name: 'kubeadm-bootstrap',
    type: 'BootstrapProvider',
    label: 'bootstrap-kubeadm',
    namespace: 'capi-kubeadm-bootstrap-system',
    deployment: 'capi-kubeadm-bootstrap-controller-manager',
  },
  'kubeadm-control-plane': {
    name: 'kubeadm-control-plane',
    type: 'ControlPlaneProvider',
    label: 'control-plane-kubeadm',
    namespace: 'capi-kubeadm-control-plane-system',
    deployment: 'capi-kubeadm-control-plane-controller-manager',
  },
  'in-memory': {
    name: 'in-memory',
    type: 'InfrastructureProvider',
    label: 'infrastructure-docker',
    namespace: 'capd-system',
    deployment: 'capd-controller-manager',
  },
  local: {
    name: 'local',
    type: 'InfrastructureProvider',
    label: 'infrastructure-slipway-local',
    namespace: 'slipway-system',
    deployment: undefined,
  },
};

/** Upgrades and starts go in this order, stops against it. */
export const PROVIDER_TYPES: readonly ProviderType[] = [
  'CoreProvider',
  'BootstrapProvider',
  'ControlPlaneProvider',
  'InfrastructureProvider',
];

/** Each once, core first. @throws SLW-CAP-001 without core */
export function orderProviders(names: readonly ProviderName[]): readonly ProviderFacts[] {
  const wanted = [...new Set(names)].map((name) => providerTable[name]);
  if (wanted.length > 0 && !names.includes('core'))
    throw new SlipwayError('SLW-CAP-001', `the providers ${names.join(', ')} are wanted without core, which they need`);
  return wanted.toSorted((a, b) => PROVIDER_TYPES.indexOf(a.type) - PROVIDER_TYPES.indexOf(b.type));
}
