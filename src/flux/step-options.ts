/** What all steps of this folder are made from. */
import type { ResolvedGitops } from '../config/resolved-gitops.ts';
import type { Redactor } from '../core/redaction.ts';
import type { StepContext, StepId, UndoContext } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import type { KubeClient } from '../kube/types.ts';
import type { CannotRun } from './diagnose-workload.ts';

export interface FluxStepsOptions {
  readonly clusterName: string;
  /** `Cluster/NAME`. */
  readonly subject: string;
  /** Steps after which the API server answers. */
  readonly needs: readonly StepId[];
  /** Steps, made by others, after which the controllers run; GitOps is applied after them. */
  readonly runtimeNeeds?: readonly StepId[];
  readonly gitops: ResolvedGitops;
  /** Label value that marks what is ours on this cluster: `ownerOf(stateId, name)`. */
  readonly owner: string;
  /** Folder for shadow repositories and the server's files; gone with the cluster or by undo. */
  readonly gitDir: string;
  /** Folder of generated deploy keys; they outlive the cluster. */
  readonly keyDir: string;
  /** Key of the process register under which the Git server runs; undefined while the cluster has no identity. */
  readonly registerId: (host: Host) => Promise<string | undefined>;
  /** A client for the cluster; undefined while there is none to talk to. */
  readonly connect: (context: StepContext) => Promise<KubeClient | undefined>;
  readonly redactor: Redactor;
  readonly outputs?: (target: string, output: string) => string | undefined;
  /** Absolute paths that never belong to a snapshot, e.g. a state folder somewhere else. */
  readonly exclude?: readonly string[];
  /** `cluster`: undone by the end of the cluster itself. `uninstall`: taken off again, step by step. */
  readonly undo: 'cluster' | 'uninstall';
  readonly cannotRun?: CannotRun;
  /** Folders of logs that the resident server keeps small. */
  readonly logDirs?: readonly string[];
  /** Command line of the resident server, without flags; default: this Node with src/cli/main.ts. */
  readonly serveCommand?: { readonly command: string; readonly args: readonly string[] };
}

export interface FluxStepIds {
  readonly install: StepId;
  readonly keys: StepId;
  readonly serve: StepId;
  readonly sources: StepId;
}

/** Stable ids of the steps for one cluster. */
export const fluxStepIds = (cluster: string): FluxStepIds => ({
  install: `flux/install-components/${cluster}`,
  keys: `gitops/create-deploy-keys/${cluster}`,
  serve: `git/serve-repositories/${cluster}`,
  sources: `gitops/apply-sources/${cluster}`,
});

/** For undoing from the journal alone: reaches the cluster that a record belongs to. */
export type ConnectForUndo = (context: UndoContext, cluster: string) => Promise<KubeClient | undefined>;

export const REMOVE_COMPONENTS = 'flux/remove-components';
export const REMOVE_SOURCES = 'gitops/remove-sources';
export const STOP_SERVER = 'git/stop-server';
