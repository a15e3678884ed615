/** Control planes as they stand in their folders, without any API server: the one that holds the objects may itself be the dead one. */
import type { CertificateLives } from '../../control-plane/cluster-layout.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { StepReport } from '../../engine/events.ts';
import type { Host } from '../../host/host.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';

/** A control plane of infrastructure `local`, from its folder and the process register. */
export interface StandingControlPlane {
  /** Name and namespace of its Cluster. */
  readonly name: string;
  readonly namespace: string;
  readonly clusterId: string;
  readonly dir: string;
  /** `https://127.0.0.1:PORT` */
  readonly server: string;
  /** Path of the administrator's kubeconfig. */
  readonly kubeconfig: string;
  readonly version: string;
  /** `removing`: its object was deleted and the removal was interrupted. */
  readonly state: 'running' | 'stopped' | 'removing';
  /** Components of the control plane that do not run. */
  readonly stopped: readonly string[];
}

export interface EnsureStandingOptions {
  readonly clustersDir: string;
  /** Only these Clusters; default all. */
  readonly names?: readonly string[];
  readonly toolchainDir?: string | undefined;
  readonly binaries?: readonly BinaryName[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly report: (report: StepReport) => void;
  readonly certificateLives?: CertificateLives;
}

/** Reads folders and process register; changes nothing. Folders of other clusters (provisioner local) are not among them. */
export function observeLocalControlPlanes(_host: Host, _clustersDir: string): Promise<readonly StandingControlPlane[]> {
  throw new SlipwayError('SLW-BUG-001', 'infrastructure local is not there yet');
}

/**
 * Starts what died and renews what is due, from the folders alone. Control planes that are being removed are left alone.
 * @throws SLW-LOC-001 to -009, SLW-CAP-306, SLW-TCH
 */
export function ensureLocalControlPlanes(_host: Host, _options: EnsureStandingOptions): Promise<readonly StandingControlPlane[]> {
  throw new SlipwayError('SLW-BUG-001', 'infrastructure local is not there yet');
}
