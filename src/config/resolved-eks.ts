/** An EKS cluster as the rest of Slipway sees it: defaults filled in, references typed. Plain data. */
import { resolve } from 'node:path';
import { parseDuration } from '../core/duration.ts';
import type { FirewallRuleSpec, NodePoolSpec } from './kinds/eks-node-pools.ts';
import type { AddonName, EksClusterSpec, EksSpec } from './kinds/eks.ts';
import type { Reference, Value } from './references.ts';
import { type ResolvedAwsAccount, resolveAwsAccount } from './resolved-aws.ts';
import { demand, type Resolver } from './resolver.ts';

/** Values one by one, or one reference whose text gives them all, separated by commas. */
export type ValueList = readonly Value[] | Reference;

type Without<T, K extends keyof T> = { readonly [P in keyof Omit<T, K>]: Omit<T, K>[P] };

export type ResolvedFirewallRule = Without<FirewallRuleSpec, 'ports'> & {
  /** -1 for both where the protocol has no ports. */
  readonly fromPort: number;
  readonly toPort: number;
};

export type ResolvedNodePool = Without<NodePoolSpec, 'version' | 'desiredSize' | 'subnetIds' | 'firewallRules'> & {
  readonly name: string;
  /** `1.34` */
  readonly version: string;
  readonly desiredSize: number;
  /** Undefined: those of the cluster. */
  readonly subnetIds: ValueList | undefined;
  readonly firewallRules: readonly ResolvedFirewallRule[];
};

export interface ResolvedEks extends ResolvedAwsAccount {
  /** `1.34` */
  readonly version: string;
  readonly supportType: 'STANDARD' | 'EXTENDED';
  readonly network: { readonly vpcId: Value; readonly subnetIds: ValueList };
  readonly serviceCidr: string | undefined;
  readonly endpointAccess: EksSpec['endpointAccess'];
  readonly dmzCidrs: readonly string[];
  readonly sshPublicKey: string | undefined;
  /** In the order of the file. */
  readonly nodePools: readonly ResolvedNodePool[];
  readonly accessEntries: EksSpec['accessEntries'];
  /** Undefined: no ConfigMap aws-auth, access entries alone. */
  readonly awsAuth: NonNullable<EksSpec['awsAuth']> | undefined;
  readonly logs: EksSpec['logs'];
  readonly secretsEncryption: EksSpec['secretsEncryption'];
  readonly irsa: boolean;
  readonly podIdentities: EksSpec['podIdentities'];
  readonly addons: { readonly [K in AddonName]: EksSpec['addons'][K] };
  readonly deletionProtection: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** The way to the API of a cluster. */
export interface ResolvedAccess {
  /** Undefined: straight. */
  readonly bastion: { readonly user: string | undefined; readonly host: string; readonly port: number } | undefined;
  readonly identity: Reference | undefined;
  /** Absolute path. */
  readonly knownHosts: string | undefined;
  readonly waitMs: number;
}

/** The part of a cluster's document that only provisioner eks has. */
export interface EksParts {
  readonly eks: ResolvedEks;
  readonly access: ResolvedAccess;
}

export function resolveEks({ eks: spec, access }: EksClusterSpec, make: Resolver): EksParts {
  const { version, supportType, endpointAccess, dmzCidrs, accessEntries, logs, secretsEncryption } = spec;
  const { irsa, podIdentities, addons, deletionProtection, tags } = spec;
  const path = ['spec', 'eks'];
  return {
    eks: {
      ...resolveAwsAccount(spec),
      ...{ version, supportType, endpointAccess, dmzCidrs, accessEntries, logs, secretsEncryption },
      ...{ irsa, podIdentities, addons, deletionProtection, tags },
      serviceCidr: spec.serviceCidr,
      sshPublicKey: spec.sshPublicKey,
      awsAuth: spec.awsAuth,
      network: {
        vpcId: make.value(spec.network.vpcId, [...path, 'network', 'vpcId']),
        subnetIds: make.valueList(spec.network.subnetIds, [...path, 'network', 'subnetIds']),
      },
      nodePools: Object.entries(spec.nodePools).map(([name, pool]) => resolvePool(name, pool, { cluster: version, make })),
    },
    access: resolveAccess(access, make),
  };
}

interface PoolPlace {
  /** Version of the cluster. */
  readonly cluster: string;
  readonly make: Resolver;
}

function resolvePool(name: string, pool: NodePoolSpec, { cluster, make }: PoolPlace): ResolvedNodePool {
  const { version, desiredSize, subnetIds, firewallRules, ...rest } = pool;
  return {
    ...rest,
    name,
    version: version ?? cluster,
    desiredSize: desiredSize ?? pool.minSize,
    subnetIds: subnetIds && make.valueList(subnetIds, ['spec', 'eks', 'nodePools', name, 'subnetIds']),
    firewallRules: firewallRules.map(resolveRule),
  };
}

function resolveRule({ ports, ...rule }: FirewallRuleSpec): ResolvedFirewallRule {
  const [from = -1, to = from] = ports === undefined ? [] : ports.split('-').map(Number);
  return { ...rule, fromPort: from, toPort: to };
}

function resolveAccess({ bastion, identity, knownHosts, wait }: EksClusterSpec['access'], make: Resolver): ResolvedAccess {
  return {
    bastion: bastion === undefined ? undefined : parseBastion(bastion),
    identity: identity && make.secret(identity, ['spec', 'access', 'identity']),
    knownHosts: knownHosts === undefined ? undefined : resolve(make.unit.document.folder, knownHosts),
    waitMs: demand(parseDuration(wait)),
  };
}

function parseBastion(text: string): NonNullable<ResolvedAccess['bastion']> {
  const { username, hostname, port } = new URL(text);
  return { user: username || undefined, host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 22) };
}
