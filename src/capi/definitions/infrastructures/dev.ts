/** Infrastructures `dev` and `docker`: Cluster API's own provider for development, with its in-memory and its docker backend. */
import type { ResolvedInfrastructure } from '../../../config/resolved-capi.ts';
import type { Json } from '../../../core/digest.ts';
import { INFRASTRUCTURE_API } from '../../words.ts';
import { compact, type Fields, type InfrastructureRenderer, type MachineGroup, type NodeDemands } from '../rendering.ts';

/** Machines share the disk of their host, which must not make them evict. */
const KEEP_PODS = { name: 'eviction-hard', value: 'nodefs.available<0%,nodefs.inodesFree<0%,imagefs.available<0%' };
const CERTIFICATE_NAMES = ['localhost', '127.0.0.1', '0.0.0.0', 'host.docker.internal'];

const node = (): NodeDemands => ({
  hasCloudController: false,
  kubeletArgs: [KEEP_PODS],
  certificateNames: CERTIFICATE_NAMES,
  allowsAnonymous: true,
});

const kinds = { apiVersion: INFRASTRUCTURE_API, clusterKind: 'DevCluster', machineKind: 'DevMachineTemplate', node } as const;

/**
 * The in-memory backend writes into the annotations of a DevCluster and panics when there are none
 * (test/infrastructure/docker/internal/controllers/backends/inmemory/inmemorycluster_backend.go), so there is always one.
 */
export const dev: InfrastructureRenderer<'dev'> = {
  ...kinds,
  clusterAnnotations: { 'slipway.dev/infrastructure': 'dev' },
  clusterSpec: () => ({ backend: { inMemory: {} } }),
  machineSpec: (group, { cluster }) => ({ backend: { inMemory: startup(group, cluster.capi.startupSeconds) } }),
  companions: () => [],
};

type Startup = Extract<ResolvedInfrastructure, { readonly infrastructure: 'dev' }>['startupSeconds'];

function startup({ role }: MachineGroup, seconds: Startup): Fields {
  const provisioning = (duration: number): Json | undefined =>
    duration === 0 ? undefined : { provisioning: { startupDuration: `${duration}s` } };
  const controlPlane = role === 'control-plane' ? { apiServer: provisioning(seconds.apiServer), etcd: provisioning(seconds.etcd) } : {};
  return compact({ vm: provisioning(seconds.machine), node: provisioning(seconds.node), ...controlPlane });
}

export const docker: InfrastructureRenderer<'docker'> = {
  ...kinds,
  clusterSpec: () => ({ backend: { docker: {} } }),
  machineSpec: ({ machines }) => ({ backend: { docker: compact({ customImage: machines.machine.image }) } }),
  companions: () => [],
};
