/**
 * What every provisioner offers: it turns one `kind: Cluster` into steps and knows how to look at the result.
 * Provisioners never import each other; the registry is built by the project layer and handed down.
 */
import type { CloudContext } from '../cloud/cloud.ts';
import type { ResolvedCluster } from '../config/resolved.ts';
import type { Step, StepId, StepRecord, UndoContext, UndoHandlers } from '../engine/step.ts';
import type { CannotRun } from '../flux/diagnose-workload.ts';
import type { KubeClient } from '../kube/types.ts';

/** How a kubeconfig is reached: text, and where it came from (relative paths in it start there). */
export interface KubeconfigSource {
  readonly text: string;
  readonly path?: string;
  readonly context?: string;
}

/** What a provisioner may know of the project that it works for. */
export interface ProvisionerContext extends CloudContext {
  readonly project: string;
  /** Folder of the project file; relative paths of the project start here. */
  readonly projectDir: string;
  /** Identity of the state folder: marks what is ours on clusters that others use too. */
  readonly stateId: string;
  /** Outputs of other documents, as far as they are known: `outputs('Cluster/mgmt', 'server')`. */
  readonly outputs: (target: string, output: string) => string | undefined;
  /** One shared client for each kubeconfig in a run; closed by the project layer. */
  readonly connect: (source: KubeconfigSource) => Promise<KubeClient>;
  /** All clusters of the project; empty when its file cannot be read. */
  readonly clusters: readonly ResolvedCluster[];
  /** `down --to`: kubeconfig (absolute path) of the cluster that takes over what a management cluster still manages. */
  readonly newHome?: string;
}

/** What a `down` is about to undo. */
export interface Removal {
  readonly records: ReadonlyMap<StepId, StepRecord>;
  /** Steps that go. */
  readonly going: ReadonlySet<StepId>;
  readonly signal: AbortSignal;
}

/** A look at a cluster without touching it; `records` is the ledger. */
export interface ClusterView {
  readonly name: string;
  /** Undefined when the document is gone from the project or the project cannot be read. */
  readonly cluster: ResolvedCluster | undefined;
  readonly records: ReadonlyMap<StepId, StepRecord>;
}

export interface ProcessView {
  readonly component: string;
  readonly state: 'running' | 'stopped' | 'failed';
  readonly pid?: number;
  readonly facts?: Readonly<Record<string, string>>;
  readonly message?: string;
}

/** A cluster of no document that belongs to one of the project for a while: a bootstrap cluster. */
export interface Companion {
  readonly name: string;
  /** Undefined while it cannot be reached at all. */
  readonly kubeconfig: KubeconfigSource | undefined;
  readonly processes: readonly ProcessView[];
}

export interface Provisioner {
  readonly name: ResolvedCluster['provisioner'];
  /** Steps that bring the cluster and its GitOps about. Resolves references; @throws SLW-CFG-032 to -034 for those that give nothing */
  steps(cluster: ResolvedCluster, context: ProvisionerContext): Promise<readonly Step[]>;
  /** Refuses, before anything is done, where what the records speak of would not be found from here. */
  requireInReach(records: ReadonlyMap<StepId, StepRecord>, context: ProvisionerContext): Promise<void>;
  /** Refuses, before anything is undone, what would take along what this project did not make. */
  requireRemovable?(removal: Removal, context: ProvisionerContext): Promise<void>;
  /** Undo handlers of the steps that only it makes, by the names in the journal. */
  undoHandlers(context: ProvisionerContext): UndoHandlers;
  /** A client for a cluster from its records alone; undefined when it is not ours, or gone, or going anyway. */
  connectForUndo(undo: UndoContext, cluster: string, context: ProvisionerContext): Promise<KubeClient | undefined>;
  /** How to reach the cluster; undefined before it was made. */
  kubeconfig(view: ClusterView, context: ProvisionerContext): Promise<KubeconfigSource | undefined>;
  /** How this run reaches it, where that is another way than a person's: a tunnel. */
  way?(view: ClusterView, context: ProvisionerContext, signal: AbortSignal): Promise<KubeconfigSource | undefined>;
  /** Processes on this host that belong to the cluster; empty when there are none. */
  processes(view: ClusterView, context: ProvisionerContext): Promise<readonly ProcessView[]>;
  /** Clusters of no document that may hold objects of this one; empty when there are none (any more). */
  companions?(view: ClusterView, context: ProvisionerContext): Promise<readonly Companion[]>;
  /** Says why an object can never become ready on such a cluster; undefined where a kubelet can be expected. */
  cannotRun(cluster: ResolvedCluster, context: ProvisionerContext): Promise<CannotRun | undefined>;
  /** Log files by component. */
  logs(view: ClusterView, context: ProvisionerContext): Promise<ReadonlyMap<string, string>>;
}

export type ProvisionerRegistry = ReadonlyMap<string, Provisioner>;
