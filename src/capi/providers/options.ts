/** What the steps of this folder are made from, and how they are called. Pure. */
import type { StepContext, StepId, UndoContext } from '../../engine/step.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProviderName } from './provider.ts';

/** What runs the managers: processes of this machine beside a local cluster, or the cluster's own kubelets. */
export type Placement =
  | {
      readonly kind: 'local';
      /** Folder of the local cluster (cluster.json, pki). */
      readonly clusterDir: string;
      /** Where the in-memory cloud says how it is reached; wanted by the provider `in-memory`. */
      readonly cloudFile?: string;
    }
  | { readonly kind: 'kubelet' };

export interface ProviderStepsOptions {
  readonly clusterName: string;
  /** `Cluster/NAME`. */
  readonly subject: string;
  /** Steps after which the API server answers. */
  readonly needs: readonly StepId[];
  /** Steps, made by others, after which the managers run; default on a local cluster: the step that converges its runtime. */
  readonly runtimeNeeds?: readonly StepId[];
  /** Must hold `core`. */
  readonly providers: readonly ProviderName[];
  /** A client for the cluster; undefined while there is none to talk to. */
  readonly connect: (step: StepContext) => Promise<KubeClient | undefined>;
  /** Label value that marks what is ours: `ownerOf(stateId, name)` of src/kube/ownership.ts. */
  readonly owner: string;
  readonly placement: Placement;
  /** `cluster`: undone by the end of the cluster itself. `uninstall`: taken off again. */
  readonly undo: 'cluster' | 'uninstall';
}

export interface ProviderStepIds {
  readonly install: StepId;
  readonly connect: StepId;
}

/** Stable ids of the steps for one cluster. */
export const providerStepIds = (clusterName: string): ProviderStepIds => ({
  install: `capi/install-providers/${clusterName}`,
  connect: `capi/connect-webhooks/${clusterName}`,
});

/** For undoing from the journal alone: reaches the cluster that a record belongs to. */
export type ConnectForUndo = (context: UndoContext, cluster: string) => Promise<KubeClient | undefined>;

export const REMOVE_PROVIDERS = 'capi/remove-providers';
