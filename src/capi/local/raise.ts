/** Brings the processes of one control plane up in its folder, from whatever state they are in. Talks to no API server that holds objects. */
import { type CertificateLives, clusterLayout } from '../../control-plane/cluster-layout.ts';
import { componentTable, runComponent } from '../../control-plane/components.ts';
import { controlPlaneComponents, type ControlPlaneComponent } from '../../control-plane/control-plane-args.ts';
import { chooseIdentity, type LocalCluster, readCluster, requireCluster } from '../../control-plane/local-cluster.ts';
import { rotateLogs } from '../../control-plane/log-files.ts';
import { prepareCluster } from '../../control-plane/prepare-cluster.ts';
import { observeProcess } from '../../control-plane/processes.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { StepReport } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import { type BinaryName, readPins, versionOf } from '../../toolchain/catalogue.ts';
import { provideBinaries } from '../../toolchain/provide.ts';

export interface RaiseOptions {
  readonly toolchainDir?: string | undefined;
  readonly binaries?: readonly BinaryName[];
  /** Bound of each process's start. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly report: (report: StepReport) => void;
  readonly certificateLives?: CertificateLives;
}

export interface RaiseTarget {
  readonly name: string;
  readonly dir: string;
  readonly clusterId: string;
}

/** The Kubernetes version that local control planes run. */
export const pinnedVersion = async (host: Host): Promise<string> => versionOf(await readPins(host), 'kube-apiserver');

/**
 * Folder, certificates, ports and the three processes, all as they should be; leaves alone what is. Safe to call again after dying
 * anywhere inside. The caller holds the folder's lock. @throws SLW-LOC-001 to -009, SLW-PKI-001, SLW-TCH
 */
export async function raiseControlPlane(host: Host, target: RaiseTarget, options: RaiseOptions): Promise<LocalCluster> {
  const { name, dir, clusterId } = target;
  const paths = await providePaths(host, options);
  const { ports } = (await readCluster(host, dir)) ?? (await chooseIdentity(host));
  await prepareCluster(host, { name, dir, identity: { clusterId, ports }, lives: options.certificateLives });
  for (const component of controlPlaneComponents) await run(host, target, { component, binary: paths[component], options });
  await rotateLogs(host, clusterLayout(dir).logsDir);
  return requireCluster(host, dir);
}

async function run(
  host: Host,
  { name, dir }: RaiseTarget,
  { component, binary, options }: { readonly component: ControlPlaneComponent; readonly binary: string; readonly options: RaiseOptions },
): Promise<void> {
  const { action } = await runComponent(host, dir, {
    component,
    binary,
    signal: options.signal,
    timeoutMs: options.timeoutMs,
    onWaiting: (reason) => options.report({ type: 'progress', message: `${component} of ${name}: ${reason}` }),
  });
  if (action !== 'none') options.report({ type: 'progress', message: `${component} of ${name} ${action}` });
}

async function providePaths(host: Host, options: RaiseOptions): Promise<Readonly<Record<ControlPlaneComponent, string>>> {
  const names = controlPlaneComponents.map((component) => componentTable[component].binary);
  const { toolchainDir, signal, report } = options;
  const found = await provideBinaries(host, [...new Set([...names, ...(options.binaries ?? [])])], { toolchainDir, signal, report });
  const pathOf = (component: ControlPlaneComponent): string => {
    const path = found.find(({ name }) => name === componentTable[component].binary)?.path;
    if (path === undefined) throw new SlipwayError('SLW-LOC-008', `no ${component} binary for local control planes`);
    return path;
  };
  return { etcd: pathOf('etcd'), 'kube-apiserver': pathOf('kube-apiserver'), 'kube-controller-manager': pathOf('kube-controller-manager') };
}

/** Components of the control plane that do not run. Reads only. */
export async function stoppedComponents(host: Host, clusterId: string): Promise<readonly ControlPlaneComponent[]> {
  const states = await Promise.all(controlPlaneComponents.map((component) => observeProcess(host, { clusterId, component })));
  return controlPlaneComponents.filter((_, index) => states[index]?.state !== 'running');
}
