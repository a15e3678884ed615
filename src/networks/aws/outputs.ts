/** What modules/aws-network and modules/aws-vpn give back, checked and in our own names. */
import * as z from 'zod';
import type { Json } from '../../core/digest.ts';

const identity = z
  .object({
    bucket: z.string(),
    bucket_arn: z.string(),
    authority_prefix: z.string(),
    host_key_arn: z.string(),
    authority_key_arn: z.string(),
  })
  .transform((out) => ({
    bucket: out.bucket,
    bucketArn: out.bucket_arn,
    authorityPrefix: out.authority_prefix,
    hostKeyArn: out.host_key_arn,
    authorityKeyArn: out.authority_key_arn,
  }));

const network = z
  .object({
    vpc_id: z.string(),
    vpc_cidr: z.string(),
    availability_zones: z.array(z.string()),
    public_subnet_ids: z.array(z.string()),
    public_subnet_cidrs: z.array(z.string()),
    private_subnet_ids: z.array(z.string()),
    private_subnet_cidrs: z.array(z.string()),
    nat_addresses: z.array(z.string()),
    flow_log_group: z.string().nullish(),
    vpn_identity: identity.nullish(),
  })
  .transform((out) => ({
    vpcId: out.vpc_id,
    vpcCidr: out.vpc_cidr,
    availabilityZones: out.availability_zones,
    publicSubnetIds: out.public_subnet_ids,
    publicSubnetCidrs: out.public_subnet_cidrs,
    privateSubnetIds: out.private_subnet_ids,
    privateSubnetCidrs: out.private_subnet_cidrs,
    natAddresses: out.nat_addresses,
    flowLogGroup: out.flow_log_group ?? undefined,
    vpnIdentity: out.vpn_identity ?? undefined,
  }));

const vpn = z
  .object({
    hosts: z.record(z.string(), z.object({ address: z.string(), allocation_id: z.string(), autoscaling_group_name: z.string() })),
    addresses: z.array(z.string()),
    port: z.number(),
    protocol: z.enum(['udp', 'tcp']),
    security_group_id: z.string(),
    role_arn: z.string(),
  })
  .transform((out) => ({
    hosts: Object.entries(out.hosts).map(([name, host]) => ({
      name,
      address: host.address,
      allocationId: host.allocation_id,
      autoscalingGroupName: host.autoscaling_group_name,
    })),
    addresses: out.addresses,
    port: out.port,
    protocol: out.protocol,
    securityGroupId: out.security_group_id,
    roleArn: out.role_arn,
  }));

export type AwsNetworkOutputs = z.output<typeof network>;
export type AwsVpnOutputs = z.output<typeof vpn>;

/** Reads the outputs of modules/aws-network. @throws ZodError when they are those of another module */
export const readNetworkOutputs = (outputs: Readonly<Record<string, Json>>): AwsNetworkOutputs => network.parse(outputs);

/** Reads the outputs of modules/aws-vpn. @throws ZodError when they are those of another module */
export const readVpnOutputs = (outputs: Readonly<Record<string, Json>>): AwsVpnOutputs => vpn.parse(outputs);
