/** What modules/aws-eks is given for a resolved cluster. Pure: equal clusters give equal variables. */
import { architectureOf } from '../../config/ec2-instance-type.ts';
import type { AddonName } from '../../config/kinds/eks.ts';
import type { ResolvedEks, ResolvedFirewallRule, ResolvedNodePool } from '../../config/resolved-eks.ts';
import { canonicalJson, type Json } from '../../core/digest.ts';

export type Variables = Readonly<Record<string, Json | undefined>>;

export interface ClusterPlace {
  /** Name of the cluster in EKS. */
  readonly name: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** Subnets of the pools that name their own, by pool. */
  readonly poolSubnetIds: Readonly<Record<string, readonly string[]>>;
  /** All tags: the project's own and our marks. */
  readonly tags: Readonly<Record<string, string>>;
}

const ADDON_NAMES: Readonly<Record<AddonName, string>> = {
  vpcCni: 'vpc-cni',
  coreDns: 'coredns',
  kubeProxy: 'kube-proxy',
  ebsCsiDriver: 'aws-ebs-csi-driver',
  podIdentityAgent: 'eks-pod-identity-agent',
};

const TAINT_EFFECTS = { NoSchedule: 'NO_SCHEDULE', PreferNoSchedule: 'PREFER_NO_SCHEDULE', NoExecute: 'NO_EXECUTE' } as const;
const CAPACITIES = { onDemand: 'ON_DEMAND', spot: 'SPOT' } as const;
const PROTOCOLS = { tcp: 'tcp', udp: 'udp', icmp: 'icmp', all: '-1' } as const;

/** https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateNodegroup.html#AmazonEKS-CreateNodegroup-request-amiType */
const AMI_TYPES: Readonly<Record<ResolvedNodePool['amiFamily'], { readonly x86: string; readonly arm?: string }>> = {
  AL2023: { x86: 'AL2023_x86_64_STANDARD', arm: 'AL2023_ARM_64_STANDARD' },
  AL2023_NVIDIA: { x86: 'AL2023_x86_64_NVIDIA', arm: 'AL2023_ARM_64_NVIDIA' },
  AL2023_NEURON: { x86: 'AL2023_x86_64_NEURON' },
  BOTTLEROCKET: { x86: 'BOTTLEROCKET_x86_64', arm: 'BOTTLEROCKET_ARM_64' },
  BOTTLEROCKET_NVIDIA: { x86: 'BOTTLEROCKET_x86_64_NVIDIA', arm: 'BOTTLEROCKET_ARM_64_NVIDIA' },
  BOTTLEROCKET_FIPS: { x86: 'BOTTLEROCKET_x86_64_FIPS', arm: 'BOTTLEROCKET_ARM_64_FIPS' },
};

/** Variables of modules/aws-eks. */
export function clusterVariables(eks: ResolvedEks, place: ClusterPlace): Variables {
  const { endpointAccess, logs, secretsEncryption } = eks;
  return {
    name: place.name,
    region: eks.region,
    kubernetes_version: eks.version,
    support_type: eks.supportType,
    vpc_id: place.vpcId,
    subnet_ids: place.subnetIds,
    service_cidr: eks.serviceCidr ?? null,
    endpoint_private_access: endpointAccess.private,
    endpoint_public_access: endpointAccess.public,
    public_access_cidrs: endpointAccess.public ? endpointAccess.publicCidrs : [],
    dmz_cidrs: eks.dmzCidrs,
    authentication_mode: eks.awsAuth ? 'API_AND_CONFIG_MAP' : 'API',
    access_entries: accessEntries(eks),
    log_types: logs.types,
    log_retention_days: logs.retentionDays,
    secrets_encryption: { enabled: secretsEncryption.enabled, kms_key_arn: secretsEncryption.kmsKeyArn ?? null },
    irsa: eks.irsa,
    pod_identities: podIdentities(eks),
    addons: addons(eks),
    ssh_public_key: eks.sshPublicKey ?? null,
    node_pools: Object.fromEntries(eks.nodePools.map((pool) => [pool.name, nodePool(pool, eks, place)])),
    deletion_protection: eks.deletionProtection,
    tags: place.tags,
  };
}

function accessEntries(eks: ResolvedEks): Json {
  return Object.fromEntries(
    eks.accessEntries.map(({ principalArn, username, groups, policies }) => [
      principalArn,
      {
        principal_arn: principalArn,
        username: username ?? null,
        kubernetes_groups: groups,
        policies: Object.fromEntries(policies.map(({ name, namespaces }) => [name, { policy: name, namespaces }])),
      },
    ]),
  );
}

function podIdentities(eks: ResolvedEks): Json {
  return Object.fromEntries(
    eks.podIdentities.map(({ namespace, serviceAccount, roleArn }) => [
      `${namespace}/${serviceAccount}`,
      { namespace, service_account: serviceAccount, role_arn: roleArn },
    ]),
  );
}

function addons(eks: ResolvedEks): Json {
  const names = Object.keys(ADDON_NAMES) as AddonName[];
  return Object.fromEntries(
    names
      .filter((name) => eks.addons[name].enabled)
      .map((name) => {
        const { version, configuration, onConflict, serviceAccountRoleArn } = eks.addons[name];
        return [
          ADDON_NAMES[name],
          {
            version: version ?? null,
            configuration: Object.keys(configuration).length === 0 ? null : canonicalJson(configuration as Json),
            role_arn: serviceAccountRoleArn ?? null,
            resolve_conflicts: onConflict.toUpperCase(),
          },
        ];
      }),
  );
}

function nodePool(pool: ResolvedNodePool, eks: ResolvedEks, place: ClusterPlace): Json {
  return {
    ...poolImage(pool, eks),
    ...poolVolume(pool),
    min_size: pool.minSize,
    max_size: pool.maxSize,
    desired_size: pool.desiredSize,
    instance_types: pool.instanceTypes,
    capacity: CAPACITIES[pool.capacity],
    max_pods: pool.maxPods ?? 0,
    subnet_ids: place.poolSubnetIds[pool.name] ?? [],
    target_group_arns: pool.targetGroupArns,
    labels: pool.labels,
    taints: pool.taints.map(({ key, value, effect }) => ({ key, value: value ?? null, effect: TAINT_EFFECTS[effect] })),
    firewall_rules: Object.fromEntries(pool.firewallRules.map((rule) => [rule.name, firewallRule(rule)])),
    metadata_hop_limit: pool.metadataOptions.hopLimit,
    max_unavailable: pool.update.maxUnavailable ?? null,
    max_unavailable_pct: pool.update.maxUnavailablePercentage ?? null,
    force_update: pool.update.force,
    tags: pool.tags,
  };
}

function poolImage(pool: ResolvedNodePool, eks: ResolvedEks): { readonly [key: string]: Json } {
  return {
    // Null follows the cluster: the module then upgrades the pool after it.
    kubernetes_version: pool.version === eks.version ? null : pool.version,
    release_version: pool.releaseVersion ?? null,
    ami_type: amiType(pool),
    image_id: pool.amiId ?? null,
    user_data: pool.userData === undefined ? null : { type: userDataType(pool.userData), body: pool.userData },
  };
}

function poolVolume({ volume }: ResolvedNodePool): { readonly [key: string]: Json } {
  return {
    volume_size: volume.size,
    volume_type: volume.type,
    volume_iops: volume.iops ?? null,
    volume_throughput: volume.throughput ?? null,
    volume_kms_key_arn: volume.kmsKeyArn ?? null,
  };
}

function firewallRule(rule: ResolvedFirewallRule): Json {
  const hasPorts = rule.protocol !== 'all';
  return {
    direction: rule.direction,
    protocol: PROTOCOLS[rule.protocol],
    from: hasPorts ? rule.fromPort : null,
    to: hasPorts ? rule.toPort : null,
    cidrs: rule.cidrBlocks,
    self: rule.self,
    source_security_group_id: rule.sourceSecurityGroupId ?? null,
    tags: rule.tags,
  };
}

/** The image that EKS has for the family and the architecture of the pool's (first) instance type. */
function amiType({ amiFamily, instanceTypes }: ResolvedNodePool): string {
  const { x86, arm } = AMI_TYPES[amiFamily];
  return instanceTypes.slice(0, 1).some((type) => architectureOf(type) === 'arm64') ? (arm ?? x86) : x86;
}

/** As cloud-init tells parts apart: https://cloudinit.readthedocs.io/en/latest/explanation/format.html; nodeadm has a type of its own. */
function userDataType(text: string): string {
  if (/^apiVersion:\s*node\.eks\.aws\//m.test(text)) return 'application/node.eks.aws';
  return text.startsWith('#cloud-config') ? 'text/cloud-config' : 'text/x-shellscript';
}
