/** Which providers a cluster has, whoever installed them. */
import { SlipwayError } from '../../core/errors.ts';
import type { KubeClient, ObjectRef } from '../../kube/types.ts';
import type { ProviderType } from './provider.ts';

export interface InstalledProvider {
  /** Value of the label `cluster.x-k8s.io/provider`: `cluster-api`, `bootstrap-kubeadm`, `infrastructure-docker` … */
  readonly label: string;
  readonly type: ProviderType | undefined;
  readonly namespace: string;
  /** `v1.14.0`; undefined where neither image nor label says. */
  readonly version: string | undefined;
  /** `key=true` of the manager's --feature-gates. */
  readonly featureGates: Readonly<Record<string, boolean>>;
  /** Deployments of its managers. */
  readonly deployments: readonly ObjectRef[];
  /** Whether its managers were stopped by `stopControllers`. */
  readonly isStopped: boolean;
}

/** In the order core, bootstrap, control plane, infrastructure; empty on a cluster without Cluster API. Reads only. */
export function readProviders(_client: KubeClient, _signal: AbortSignal): Promise<readonly InstalledProvider[]> {
  throw new SlipwayError('SLW-BUG-001', 'reading providers is not built yet');
}
