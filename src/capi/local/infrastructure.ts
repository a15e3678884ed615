/**
 * Infrastructure `local` of Cluster API: real control planes without machines, as processes of this machine. Owns LocalCluster and
 * LocalControlPlane objects and the folders of their clusters; knows no project. There is no daemon: it works while somebody calls it.
 * Invariants: identity is in the object before anything is started; what is paused is left alone; only the object that adopted the
 * processes last may end them.
 */
import { SlipwayError } from '../../core/errors.ts';
import type { CertificateLives } from '../../control-plane/cluster-layout.ts';
import type { StepReport } from '../../engine/events.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';

export interface LocalInfrastructureOptions {
  readonly host: Host;
  /** The cluster that holds the objects. */
  readonly client: KubeClient;
  /** Absolute; each control plane lives in the folder of its Cluster's name. */
  readonly clustersDir: string;
  readonly toolchainDir?: string | undefined;
  /** Further binaries to be provided in the same build. */
  readonly binaries?: readonly BinaryName[];
  /** Bound of each process's start, and of `converge` as a whole. */
  readonly timeoutMs: number;
  readonly report: (report: StepReport) => void;
  /** Shorter lives of certificates, for tests. */
  readonly certificateLives?: CertificateLives;
}

export interface LocalInfrastructure {
  /**
   * Works until every LocalControlPlane is ready, paused or gone, and every LocalCluster likewise.
   * @throws SLW-CAP-301, -302, -304 to -308 an object is refused, SLW-CAP-303 not within the bound, SLW-LOC a process does not start
   */
  converge(signal: AbortSignal): Promise<void>;
  /** The same for ever, until the signal aborts; failures become findings and conditions, and are tried again. */
  watch(signal: AbortSignal): Promise<void>;
}

export function createLocalInfrastructure(_options: LocalInfrastructureOptions): LocalInfrastructure {
  throw new SlipwayError('SLW-BUG-001', 'infrastructure local is not there yet');
}
