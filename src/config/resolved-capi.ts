/** A cluster that Cluster API makes, as the rest of Slipway sees it: defaults filled in, versions whole, references typed. Plain data. */
import { resolve } from 'node:path';
import { parseDuration } from '../core/duration.ts';
import type { SourcePosition } from '../core/errors.ts';
import type { AwsSpec, DevSpec, OpenStackSpec, VSphereSpec } from './kinds/capi-infrastructures.ts';
import type { HealthCheckSpec, MachineSpec, WorkerPoolSpec } from './kinds/capi-machines.ts';
import { CAPI_DEFAULTS, type CapiClusterSpec, type CapiSpec, type Infrastructure } from './kinds/capi.ts';
import type { BootstrapClusterSpec, PivotHookSpec, PivotSpec } from './kinds/pivot.ts';
import type { Reference, Value } from './references.ts';
import type { ResolvedGitops } from './resolved-gitops.ts';
import { demand, type Resolver } from './resolver.ts';
import type { FieldPath } from './source.ts';

export type { Infrastructure };

export interface ResolvedHealthCheck {
  readonly timeoutSeconds: number;
  readonly nodeStartupTimeoutSeconds: number;
  /** `40%` */
  readonly unhealthyLimit: string;
}

export interface ResolvedMachines {
  readonly replicas: number;
  /** The cluster's `machine` with this group's fields put over it. */
  readonly machine: MachineSpec;
  readonly healthCheck: ResolvedHealthCheck | undefined;
}

export interface ResolvedWorkerPool extends ResolvedMachines {
  readonly name: string;
  readonly failureDomain: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: WorkerPoolSpec['taints'];
}

export interface ResolvedAddon {
  readonly name: string;
  readonly at: SourcePosition;
  /** File or folder; absolute. */
  readonly manifests: string;
  readonly substitute: ReadonlyMap<string, Value>;
}

type Without<T, K extends keyof T> = { readonly [P in keyof Omit<T, K>]: Omit<T, K>[P] };

export type ResolvedOpenStack = Without<OpenStackSpec, 'credentials' | 'caCert'> & {
  readonly credentials: Reference;
  readonly caCert: Value | undefined;
};

export type ResolvedAws = Without<AwsSpec, 'credentials'> & {
  readonly credentials:
    | { readonly accessKeyId: Reference; readonly secretAccessKey: Reference; readonly sessionToken: Reference | undefined }
    | undefined;
};

export type ResolvedVSphere = Without<VSphereSpec, 'credentials'> & {
  readonly credentials: { readonly username: Value; readonly password: Reference };
};

/** Settings of the infrastructure provider, told apart by `infrastructure`. */
export type ResolvedInfrastructure =
  | { readonly infrastructure: 'local' | 'docker' }
  | { readonly infrastructure: 'dev'; readonly startupSeconds: { readonly [K in keyof DevSpec['startup']]: number } }
  | { readonly infrastructure: 'openstack'; readonly openstack: ResolvedOpenStack }
  | { readonly infrastructure: 'aws'; readonly aws: ResolvedAws }
  | { readonly infrastructure: 'vsphere'; readonly vsphere: ResolvedVSphere };

export type ResolvedCapi = ResolvedInfrastructure & {
  /** Meaningless with infrastructure local, which has no machines. */
  readonly bootstrap: 'kubeadm' | 'rke2';
  readonly rke2: NonNullable<CapiSpec['rke2']>;
  /** Whole, with v: `v1.36.3`, `v1.36.3+rke2r1`. */
  readonly kubernetesVersion: string;
  readonly namespace: string;
  /** Name of the Cluster document; undefined for a management cluster. */
  readonly managementCluster: string | undefined;
  readonly topology: 'plain' | 'clusterClass';
  readonly controlPlane: ResolvedMachines;
  /** In the order of the file. */
  readonly workers: readonly ResolvedWorkerPool[];
  readonly network: NonNullable<CapiSpec['network']>;
  readonly endpoint: { readonly host: string; readonly port: number } | undefined;
  /** In the order of the file, which is the order of applying. */
  readonly addons: readonly ResolvedAddon[];
};

export type ResolvedBootstrapCluster =
  | { readonly provisioner: 'local'; readonly gitops: ResolvedGitops | undefined }
  | {
      readonly provisioner: 'existing';
      readonly existing: { readonly kubeconfig: Reference; readonly context: string | undefined };
      readonly gitops: ResolvedGitops | undefined;
    };

export type ResolvedPivotHook = { readonly on: 'source' | 'target' } & (
  | { readonly action: 'suspend' | 'resume'; readonly object: NonNullable<PivotHookSpec['suspend']> }
  | { readonly action: 'scale'; readonly object: NonNullable<PivotHookSpec['scale']> }
);

export interface ResolvedPivot {
  readonly enabled: boolean;
  readonly timeoutMs: number | undefined;
  readonly hooks: { readonly before: readonly ResolvedPivotHook[]; readonly after: readonly ResolvedPivotHook[] };
}

/** The part of a cluster's document that only provisioner capi has. */
export interface CapiParts {
  readonly role: 'management' | 'workload';
  readonly capi: ResolvedCapi;
  /** Only, and always, with role management. */
  readonly bootstrapCluster: ResolvedBootstrapCluster | undefined;
  /** Only, and always, with role management. */
  readonly pivot: ResolvedPivot | undefined;
}

interface CapiContext {
  readonly make: Resolver;
  /** Pinned Kubernetes version, without v. */
  readonly pinned: string;
  readonly gitops: (spec: BootstrapClusterSpec['gitops'], path: FieldPath) => ResolvedGitops | undefined;
}

export function resolveCapi(spec: CapiClusterSpec, context: CapiContext): CapiParts {
  const isManagement = spec.role === 'management';
  return {
    role: spec.role,
    capi: resolveDefinition(spec.capi, context),
    bootstrapCluster: isManagement && spec.bootstrapCluster ? resolveBootstrap(spec.bootstrapCluster, context) : undefined,
    pivot: isManagement ? resolvePivot(spec.pivot) : undefined,
  };
}

function resolveDefinition(spec: CapiSpec, { make, pinned }: CapiContext): ResolvedCapi {
  const { bootstrap, namespace, managementCluster, topology, endpoint } = spec;
  const { rke2, network, controlPlane } = { ...CAPI_DEFAULTS, ...spec };
  return {
    ...resolveInfrastructure(spec, make),
    ...{ bootstrap, rke2, namespace, managementCluster, topology, network, endpoint },
    kubernetesVersion: `v${(spec.kubernetesVersion ?? pinned).replace(/^v/, '')}`,
    controlPlane: resolveMachines(controlPlane, spec),
    workers: Object.entries(spec.workers).map(([name, pool]) => ({
      ...resolveMachines(pool, spec),
      name,
      failureDomain: pool.failureDomain,
      labels: pool.labels,
      taints: pool.taints,
    })),
    addons: Object.entries(spec.addons).map(([name, addon]) => resolveAddon(name, addon, make)),
  };
}

function resolveMachines(
  group: Pick<WorkerPoolSpec, 'replicas' | 'machine' | 'healthCheck'>,
  { machine }: Pick<CapiSpec, 'machine'>,
): ResolvedMachines {
  return { replicas: group.replicas, machine: { ...machine, ...group.machine }, healthCheck: resolveHealthCheck(group.healthCheck) };
}

function resolveHealthCheck({ enabled, timeout, nodeStartupTimeout, unhealthyLimit }: HealthCheckSpec): ResolvedHealthCheck | undefined {
  return enabled
    ? { timeoutSeconds: toSeconds(timeout), nodeStartupTimeoutSeconds: toSeconds(nodeStartupTimeout), unhealthyLimit }
    : undefined;
}

function resolveInfrastructure(spec: CapiSpec, make: Resolver): ResolvedInfrastructure {
  const path: FieldPath = ['spec', 'capi', spec.infrastructure];
  switch (spec.infrastructure) {
    case 'local':
    case 'docker':
      return { infrastructure: spec.infrastructure };
    case 'dev':
      return { infrastructure: 'dev', startupSeconds: startupOf(spec.dev) };
    case 'openstack':
      return { infrastructure: 'openstack', openstack: resolveOpenStack(demand(spec.openstack), path, make) };
    case 'aws':
      return { infrastructure: 'aws', aws: resolveAws(demand(spec.aws), path, make) };
    case 'vsphere':
      return { infrastructure: 'vsphere', vsphere: resolveVSphere(demand(spec.vsphere), path, make) };
    default:
      return spec.infrastructure satisfies never;
  }
}

function startupOf(spec: DevSpec | undefined) {
  const { machine = '0s', node = '0s', apiServer = '0s', etcd = '0s' } = spec?.startup ?? {};
  return { machine: toSeconds(machine), node: toSeconds(node), apiServer: toSeconds(apiServer), etcd: toSeconds(etcd) };
}

function resolveOpenStack(spec: OpenStackSpec, path: FieldPath, make: Resolver): ResolvedOpenStack {
  const { credentials, caCert, ...rest } = spec;
  return {
    ...rest,
    credentials: make.secret(credentials, [...path, 'credentials']),
    caCert: make.valueIf(caCert, [...path, 'caCert']),
  };
}

function resolveAws(spec: AwsSpec, path: FieldPath, make: Resolver): ResolvedAws {
  const { credentials, ...rest } = spec;
  if (!credentials) return { ...rest, credentials: undefined };
  const at = (key: keyof typeof credentials) => [...path, 'credentials', key];
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    ...rest,
    credentials: {
      accessKeyId: make.secret(accessKeyId, at('accessKeyId')),
      secretAccessKey: make.secret(secretAccessKey, at('secretAccessKey')),
      sessionToken: sessionToken && make.secret(sessionToken, at('sessionToken')),
    },
  };
}

function resolveVSphere({ credentials, ...rest }: VSphereSpec, path: FieldPath, make: Resolver): ResolvedVSphere {
  return {
    ...rest,
    credentials: {
      username: make.value(credentials.username, [...path, 'credentials', 'username']),
      password: make.secret(credentials.password, [...path, 'credentials', 'password']),
    },
  };
}

function resolveAddon(name: string, addon: CapiSpec['addons'][string], make: Resolver): ResolvedAddon {
  const path: FieldPath = ['spec', 'capi', 'addons', name];
  const variables = Object.entries(addon.substitute).map(([key, value]) => [key, make.value(value, [...path, 'substitute', key])] as const);
  return { name, at: make.at(path), manifests: resolve(make.unit.document.folder, addon.manifests), substitute: new Map(variables) };
}

function resolveBootstrap(spec: BootstrapClusterSpec, { make, gitops }: CapiContext): ResolvedBootstrapCluster {
  const path: FieldPath = ['spec', 'bootstrapCluster'];
  const fluxed = gitops(spec.gitops, [...path, 'gitops']);
  if (spec.provisioner === 'local') return { provisioner: 'local', gitops: fluxed };
  const { kubeconfig, context } = spec.existing;
  const existing = { kubeconfig: make.secret(kubeconfig, [...path, 'existing', 'kubeconfig']), context };
  return { provisioner: 'existing', existing, gitops: fluxed };
}

function resolvePivot(spec: PivotSpec | undefined): ResolvedPivot {
  const timeoutMs = spec?.timeout === undefined ? undefined : demand(parseDuration(spec.timeout));
  const { before = [], after = [] } = spec?.hooks ?? {};
  return { enabled: spec?.enabled ?? true, timeoutMs, hooks: { before: before.map(resolveHook), after: after.map(resolveHook) } };
}

function resolveHook({ cluster: on, suspend, resume, scale }: PivotHookSpec): ResolvedPivotHook {
  if (suspend) return { on, action: 'suspend', object: suspend };
  if (resume) return { on, action: 'resume', object: resume };
  return { on, action: 'scale', object: demand(scale) };
}

/** Cluster API counts in whole seconds. */
function toSeconds(duration: string): number {
  return Math.ceil(demand(parseDuration(duration)) / 1000);
}
