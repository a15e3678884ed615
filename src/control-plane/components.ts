/** The three processes of a control plane as a table: command line, what they depend on, how readiness is asked. */
import { sha256 } from '../core/digest.ts';
import { isSlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import type { BinaryName } from '../toolchain/catalogue.ts';
import { fingerprintOf } from '../pki/certificates.ts';
import { clusterLayout, type ClusterLayout, type PairName } from './cluster-layout.ts';
import {
  apiserverArgs,
  type ControlPlaneComponent,
  type ControlPlanePorts,
  controllerManagerArgs,
  etcdArgs,
} from './control-plane-args.ts';
import { ensureKubeconfigs, type LocalCluster, reassignPorts, requireCluster } from './local-cluster.ts';
import {
  ensureProcess,
  type EnsureOptions,
  type EnsureResult,
  observeProcess,
  type ProcessSpec,
  type ReadinessProbe,
} from './processes.ts';
import { httpsProbe, waitUntilServing } from './readiness-probe.ts';

interface Component {
  readonly binary: BinaryName;
  readonly title: string;
  readonly args: (layout: ClusterLayout, ports: ControlPlanePorts) => readonly string[];
  readonly ports: readonly (keyof ControlPlanePorts)[];
  /** Certificates whose renewal restarts it. */
  readonly certificates: readonly PairName[];
  readonly ready: Ready;
  /** Another component's full readiness, waited for before this one starts. */
  readonly after?: { readonly component: ControlPlaneComponent; readonly path: string };
  /** It ends when a server it needs goes away while it starts: found not ready, it is started anew rather than trusted. */
  readonly fragileStart?: true;
}

interface Ready {
  readonly path: string;
  readonly ca: PairName;
  readonly client?: PairName;
  readonly mentions?: string;
}

/**
 * Administrators may work before these two hooks are done (the second begins with a pause of a second): what needs roles and
 * priority classes, the controller manager, waits for all of /readyz.
 */
const SOON_READY = '/readyz?exclude=poststarthook/rbac/bootstrap-roles&exclude=poststarthook/scheduling/bootstrap-system-priority-classes';

export const componentTable: Readonly<Record<ControlPlaneComponent, Component>> = {
  etcd: {
    binary: 'etcd',
    title: 'etcd',
    args: etcdArgs,
    ports: ['etcd', 'etcdPeer'],
    certificates: ['etcd-ca', 'etcd-server', 'etcd-peer'],
    ready: { path: '/health', ca: 'etcd-ca', client: 'apiserver-etcd-client' },
  },
  'kube-apiserver': {
    binary: 'kube-apiserver',
    title: 'the API server',
    args: apiserverArgs,
    ports: ['apiserver'],
    certificates: ['ca', 'etcd-ca', 'front-proxy-ca', 'front-proxy-client', 'apiserver', 'apiserver-etcd-client'],
    ready: { path: SOON_READY, ca: 'ca', client: 'admin' },
  },
  'kube-controller-manager': {
    binary: 'kube-controller-manager',
    title: 'the controller manager',
    args: controllerManagerArgs,
    ports: ['controllerManager'],
    certificates: ['ca', 'controller-manager-server'],
    // Healthy as soon as it listens; a controller's own check appears when all are started.
    ready: { path: '/healthz?verbose', ca: 'ca', mentions: 'deployment-controller' },
    after: { component: 'kube-apiserver', path: '/readyz' },
    fragileStart: true,
  },
};

/**
 * An API server that outlived its etcd comes back only after gRPC's growing pauses (up to two minutes) and with stale caches; started
 * anew beside the new etcd it serves at once.
 */
async function etcdIncarnation(host: Host, clusterId: string): Promise<string> {
  const { state, identity } = await observeProcess(host, { clusterId, component: 'etcd' });
  return state === 'running' && identity ? `${identity.pid} ${identity.startTime}` : 'gone';
}

/** What should run, from what is on disk now. */
export async function componentSpec(
  host: Host,
  cluster: LocalCluster,
  { component, binary }: { component: ControlPlaneComponent; binary: string },
): Promise<ProcessSpec> {
  const layout = clusterLayout(cluster.dir);
  const { args, ports, certificates } = componentTable[component];
  const fingerprints = await Promise.all(certificates.map((name) => fingerprintOfFile(host, layout.cert(name))));
  const kubeconfig =
    component === 'kube-controller-manager' ? sha256((await host.files.readText(layout.controllerManagerKubeconfig)) ?? '') : null;
  return {
    component,
    command: binary,
    args: args(layout, cluster.ports),
    cwd: cluster.dir,
    env: { HOME: cluster.dir, TMPDIR: '/tmp' },
    logFile: layout.log(component),
    clusterDir: cluster.dir,
    ports: Object.fromEntries(ports.map((name) => [name, cluster.ports[name]])),
    // It holds no state, and waits long for watchers and for an etcd that is gone.
    ...(component === 'kube-apiserver' && { graceMs: 1_500 }),
    inputs: { fingerprints, kubeconfig, etcd: component === 'kube-apiserver' ? await etcdIncarnation(host, cluster.clusterId) : null },
  };
}

/** With `path`, another question than the component's usual one. */
export function componentProbe(
  host: Host,
  cluster: LocalCluster,
  { component, path }: { readonly component: ControlPlaneComponent; readonly path?: string },
): ReadinessProbe {
  const layout = clusterLayout(cluster.dir);
  const { ready, ports } = componentTable[component];
  const port = cluster.ports[ports[0] ?? 'apiserver'];
  const client = ready.client === undefined ? {} : { certificate: layout.cert(ready.client), key: layout.key(ready.client) };
  const asked = path === undefined ? { path: ready.path, mentions: ready.mentions } : { path };
  return httpsProbe(host, { port, ...asked, files: { ca: layout.cert(ready.ca), ...client } });
}

/** False only for a running process whose start is fragile and not over. */
export async function isPastItsStart(
  host: Host,
  cluster: LocalCluster,
  { component, signal }: Pick<RunOptions, 'component' | 'signal'>,
): Promise<boolean> {
  if (!componentTable[component].fragileStart) return true;
  return (await componentProbe(host, cluster, { component })(signal)) === undefined;
}

const PORT_ATTEMPTS = 5;

export type RunOptions = Omit<EnsureOptions, 'ready' | 'clusterId'> & {
  readonly component: ControlPlaneComponent;
  readonly binary: string;
};

/**
 * Makes the component run and serve; when one of its ports was taken meanwhile, others are chosen, remembered and used.
 * @throws SLW-LOC-001, -002, -003
 */
export async function runComponent(host: Host, clusterDir: string, options: RunOptions): Promise<EnsureResult> {
  const { component, binary } = options;
  await waitForOther(host, clusterDir, options);
  for (let attempt = 1; ; attempt++) {
    const cluster = await settlePorts(host, await requireCluster(host, clusterDir), component);
    try {
      return await ensureProcess(host, await componentSpec(host, cluster, { component, binary }), {
        ...options,
        clusterId: cluster.clusterId,
        ready: componentProbe(host, cluster, { component }),
        replaceUnready: componentTable[component].fragileStart === true,
      });
    } catch (error) {
      if (!isSlipwayError(error) || error.code !== 'SLW-LOC-002' || attempt === PORT_ATTEMPTS) throw error;
      await movePorts(host, cluster, component);
    }
  }
}

async function waitForOther(host: Host, clusterDir: string, options: RunOptions): Promise<void> {
  const { after } = componentTable[options.component];
  if (after)
    await waitUntilServing(host, componentProbe(host, await requireCluster(host, clusterDir), after), {
      ...options,
      component: after.component,
    });
}

/** Remembered ports stay as long as our own process has them or nobody has. */
async function settlePorts(host: Host, cluster: LocalCluster, component: ControlPlaneComponent): Promise<LocalCluster> {
  const { state } = await observeProcess(host, { clusterId: cluster.clusterId, component });
  if (state === 'running') return cluster;
  const boundMs = state === 'dead' ? PORT_RELEASE_MS : 0;
  for (const begun = host.clock.monotonic(); ; await host.clock.sleep(20)) {
    const free = await Promise.all(componentTable[component].ports.map((name) => host.net.isPortFree(cluster.ports[name])));
    if (free.every(Boolean)) return cluster;
    if (host.clock.monotonic() - begun >= boundMs) return movePorts(host, cluster, component);
  }
}

/** The kernel may hold the port of a process that has just been killed for a moment. */
const PORT_RELEASE_MS = 1_000;

async function movePorts(host: Host, cluster: LocalCluster, component: ControlPlaneComponent): Promise<LocalCluster> {
  const moved = await reassignPorts(host, cluster.dir, componentTable[component].ports);
  await ensureKubeconfigs(host, clusterLayout(moved.dir), moved);
  return moved;
}

async function fingerprintOfFile(host: Host, path: string): Promise<string | null> {
  const text = await host.files.readText(path);
  try {
    return text === undefined ? null : fingerprintOf(text);
  } catch {
    return null;
  }
}
