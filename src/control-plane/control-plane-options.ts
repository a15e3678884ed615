/** What the steps of one local control plane are made from, and how they are called. Pure. */
import type { StepId } from '../engine/step.ts';
import type { BinaryName } from '../toolchain/catalogue.ts';
import type { CertificateLives } from './cluster-layout.ts';
import type { ControlPlaneComponent } from './control-plane-args.ts';

export interface ControlPlaneOptions {
  readonly clusterName: string;
  /** Absolute; everything of the cluster but journal and process register is in it. */
  readonly clusterDir: string;
  /** `Cluster/NAME`. */
  readonly subject: string;
  readonly needs?: readonly StepId[];
  readonly toolchainDir?: string | undefined;
  /** Further binaries that the cluster's other steps need, provided in the same build. */
  readonly binaries?: readonly BinaryName[];
  /** Without it no controller manager is started. Default true. */
  readonly controllerManager?: boolean;
  /** Shorter lives of certificates, for tests. */
  readonly certificateLives?: CertificateLives;
}

/** Stable ids of the steps of one cluster. */
export const controlPlaneStepIds = (
  name: string,
): { readonly binaries: StepId; readonly prepare: StepId; readonly run: Readonly<Record<ControlPlaneComponent, StepId>> } => ({
  binaries: `toolchain/provide-binaries/${name}`,
  prepare: `local/prepare-cluster/${name}`,
  run: {
    etcd: `local/run-etcd/${name}`,
    'kube-apiserver': `local/run-apiserver/${name}`,
    'kube-controller-manager': `local/run-controller-manager/${name}`,
  },
});
