/** What modules/aws-network and modules/aws-vpn are given for a resolved network. Pure: equal networks give equal variables. */
import { architectureOf } from '../../config/ec2-instance-type.ts';
import type { ResolvedNetwork } from '../../config/resolved-network.ts';
import { type Json, sha256 } from '../../core/digest.ts';
import type { AwsNetworkOutputs } from './outputs.ts';

export type Variables = Readonly<Record<string, Json | undefined>>;

/** Longest name whose IAM role still fits in 64 characters with region and use behind it. */
const LONGEST_PREFIX = 38;
const GATEWAY_ENDPOINTS: readonly string[] = ['s3', 'dynamodb'];
const NAT_GATEWAYS = { none: 'none', single: 'single', perZone: 'per_zone' } as const;
const LOG_DESTINATIONS = { cloudWatch: 'cloud_watch', s3: 's3' } as const;
const KEY_DELETION_DAYS = 7;

export interface NetworkPlace {
  /** In AWS: at most 63 lower-case letters, digits and hyphens. */
  readonly name: string;
  /** As many as the network has zones. */
  readonly availabilityZones: readonly string[];
  /** All tags: the project's own and our marks. */
  readonly tags: Readonly<Record<string, string>>;
  /** Name of the bucket of the VPN's identity; needed when the network has a VPN. */
  readonly identityBucket?: string | undefined;
}

/** Variables of modules/aws-network. */
export function networkVariables(network: ResolvedNetwork, place: NetworkPlace): Variables {
  const { aws, vpn } = network;
  return {
    name: place.name,
    region: aws.region,
    cidr: network.cidr,
    additional_cidrs: network.additionalCidrs,
    availability_zones: place.availabilityZones,
    public_subnets: network.publicSubnets,
    private_subnets: network.privateSubnets,
    nat_gateways: NAT_GATEWAYS[network.natGateways],
    cluster_names: aws.clusterNames,
    gateway_endpoints: aws.endpoints.filter((service) => GATEWAY_ENDPOINTS.includes(service)),
    interface_endpoints: aws.endpoints.filter((service) => !GATEWAY_ENDPOINTS.includes(service)),
    flow_logs: flowLogs(network),
    vpn_identity:
      vpn && place.identityBucket !== undefined
        ? {
            bucket_name: place.identityBucket,
            host_role_name: vpnRoleName(place.name, aws.region),
            // Whoever destroys a network through Slipway has typed its name; a left-over version must not keep the bucket.
            force_destroy: true,
            key_deletion_days: KEY_DELETION_DAYS,
          }
        : null,
    tags: place.tags,
  };
}

function flowLogs({ aws: { flowLogs: wanted } }: ResolvedNetwork): Json {
  if (!wanted) return null;
  const { destination, bucketArn, traffic, retentionDays } = wanted;
  return {
    destination: LOG_DESTINATIONS[destination],
    traffic: traffic.toUpperCase(),
    retention_days: retentionDays,
    ...(destination === 's3' && { bucket_arn: bucketArn }),
  };
}

export interface VpnPlace {
  /** The network's name in AWS, as for `networkVariables`. */
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  /** `#cloud-config` text with the module's placeholders. */
  readonly userData: string;
  readonly network: AwsNetworkOutputs;
}

/** Variables of modules/aws-vpn; undefined when the network has no VPN, or no bucket for its identity. */
export function vpnVariables({ aws, vpn }: ResolvedNetwork, place: VpnPlace): Variables | undefined {
  const identity = place.network.vpnIdentity;
  if (!vpn || !identity) return undefined;
  return {
    name: vpnName(place.name),
    region: aws.region,
    vpc_id: place.network.vpcId,
    public_subnet_ids: place.network.publicSubnetIds,
    hosts: vpn.instances,
    user_data: place.userData,
    port: vpn.port,
    protocol: vpn.protocol,
    client_source_cidrs: vpn.clientSourceCidrs,
    operator_cidrs: vpn.operatorCidrs,
    instance_type: vpn.instanceType,
    image_id: vpn.imageId ?? null,
    image_parameter: imageParameter(vpn.instanceType),
    disk_size: vpn.diskSize,
    role_name: vpnRoleName(place.name, aws.region),
    identity: { bucket: identity.bucket, host_key_arn: identity.hostKeyArn },
    tags: place.tags,
  };
}

/** Name of the VPN of a network; its hosts are called NAME-vpn-0, NAME-vpn-1, … */
export const vpnName = (network: string): string => `${network}-vpn`;

/** Name of the hosts' role: IAM knows no regions, so the region is in it. Both modules must be told the same. */
export function vpnRoleName(network: string, region: string): string {
  const prefix = network.length <= LONGEST_PREFIX ? network : `${network.slice(0, LONGEST_PREFIX - 9)}-${sha256(network).slice(0, 8)}`;
  return `${prefix}-${region}-vpn`;
}

/** Name of a network in AWS. What has no region or VPC of its own (roles, log groups, keys) must differ between projects. */
export function awsNetworkName(project: string, network: string): string {
  const name = project === network ? network : `${project}-${network}`;
  return name.length <= LONGEST_PREFIX ? name : `${name.slice(0, LONGEST_PREFIX - 9).replace(/-+$/, '')}-${sha256(name).slice(0, 8)}`;
}

/** https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
function imageParameter(instanceType: string): string {
  return `/aws/service/canonical/ubuntu/server/24.04/stable/current/${architectureOf(instanceType)}/hvm/ebs-gp3/ami-id`;
}
