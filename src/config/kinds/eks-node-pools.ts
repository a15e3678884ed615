/** Pools of nodes of an EKS cluster: managed node groups with a launch template of ours. Shapes only. */
import * as z from 'zod';
import { awsTags } from './aws-account.ts';
import { label, line, valueList } from './vocabulary.ts';

/** Families of https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html that run Linux. */
export const AMI_FAMILIES = [
  'AL2023',
  'AL2023_NVIDIA',
  'AL2023_NEURON',
  'BOTTLEROCKET',
  'BOTTLEROCKET_NVIDIA',
  'BOTTLEROCKET_FIPS',
] as const;

const taint = z.strictObject({
  key: line()
    .describe('Key of the taint.')
    .meta({ examples: ['dedicated'] }),
  value: line().exactOptional().describe('Value of the taint. Default: none.'),
  effect: z.enum(['NoSchedule', 'PreferNoSchedule', 'NoExecute']).describe('What the taint does to pods.'),
});

const volume = z.strictObject({
  size: z.number().int().min(8).max(65_536).default(50).describe('Size in GB. Default: 50.'),
  type: z.enum(['gp3', 'gp2', 'io1', 'io2']).default('gp3').describe('Type of the EBS volume. Default: gp3.'),
  iops: z
    .number()
    .int()
    .min(100)
    .max(256_000)
    .exactOptional()
    .describe('Operations in a second; gp3, io1 and io2 only. Default: the type’s own.'),
  throughput: z.number().int().min(125).max(2000).exactOptional().describe('MiB in a second; gp3 only. Default: 125.'),
  kmsKeyArn: line().exactOptional().describe('Key that encrypts it. Volumes are always encrypted. Default: the account’s own key for EBS.'),
});

const firewallRule = z.strictObject({
  name: label()
    .describe('Name of the rule, unique in its pool.')
    .meta({ examples: ['node-ports'] }),
  direction: z.enum(['ingress', 'egress']).describe('Whether traffic to or from the nodes is let through.'),
  protocol: z.enum(['tcp', 'udp', 'icmp', 'all']).default('tcp').describe('Protocol. Default: tcp.'),
  ports: z
    .string()
    .regex(/^[0-9]{1,5}(?:-[0-9]{1,5})?$/, { error: 'must be a port or a range in quotes, such as "443" or "30000-32767"' })
    .exactOptional()
    .describe('Port or range of ports, in quotes. Required with tcp and udp.')
    .meta({ examples: ['30000-32767'] }),
  cidrBlocks: z
    .array(
      line()
        .describe('One range of addresses.')
        .meta({ examples: ['10.0.0.0/8'] }),
    )
    .default([])
    .describe('Addresses of the other end. Default: none.'),
  sourceSecurityGroupId: line()
    .exactOptional()
    .describe('Security group of the other end. Default: none.')
    .meta({ examples: ['sg-0123456789abcdef0'] }),
  self: z.boolean().default(false).describe('Whether the other end is the pool’s own nodes. Default: false.'),
  tags: awsTags().describe('Tags of the rule. Default: none.'),
});

const updateStrategy = z.strictObject({
  maxUnavailable: z.number().int().min(1).max(100).exactOptional().describe('Nodes that are replaced at a time. Default: 1.'),
  maxUnavailablePercentage: z
    .number()
    .int()
    .min(1)
    .max(100)
    .exactOptional()
    .describe('Share of the nodes that are replaced at a time, instead of maxUnavailable.'),
  force: z.boolean().default(false).describe('Whether nodes are replaced although a disruption budget keeps their pods. Default: false.'),
});

const metadataOptions = z.strictObject({
  hopLimit: z
    .number()
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe(
      'Hops that answers of the instance metadata may take; with 2 pods can ask it for the node’s credentials. Tokens (IMDSv2) are always required. Default: 1.',
    ),
});

export const nodePool = z.strictObject({
  version: z
    .string()
    .regex(/^1\.[0-9]{2}$/, { error: 'must be a minor version in quotes, such as "1.34"' })
    .exactOptional()
    .describe('Version of the kubelets, in quotes: that of the cluster or at most three below it. Default: that of the cluster.'),
  minSize: z.number().int().min(0).max(1000).default(1).describe('Least number of nodes. Default: 1.'),
  maxSize: z.number().int().min(1).max(1000).default(3).describe('Greatest number of nodes. Default: 3.'),
  desiredSize: z
    .number()
    .int()
    .min(0)
    .max(1000)
    .exactOptional()
    .describe('Number of nodes at creation. Afterwards it belongs to the autoscaler, and is not set again. Default: minSize.'),
  instanceTypes: z
    .array(
      line()
        .describe('Type of EC2 instance.')
        .meta({ examples: ['m7i.large'] }),
    )
    .min(1)
    .max(20)
    .default(['t3.large'])
    .describe('Types of the instances; several are worth it with spot. Default: t3.large.'),
  capacity: z.enum(['onDemand', 'spot']).default('onDemand').describe('How instances are bought. Default: onDemand.'),
  amiFamily: z
    .enum(AMI_FAMILIES)
    .default('AL2023')
    .describe('Family of the image; whether x86-64 or arm64 follows from the instance types. Default: AL2023.'),
  amiId: z
    .string()
    .regex(/^ami-[0-9a-f]{8,17}$/, { error: 'must be the id of an AMI, such as ami-0123456789abcdef0' })
    .exactOptional()
    .describe('An image of your own, of that family. Default: AWS’s newest for the version at the time of the last change of the version.')
    .meta({ examples: ['ami-0123456789abcdef0'] }),
  releaseVersion: line()
    .exactOptional()
    .describe('Release of AWS’s image. Not with amiId. Default: the newest at creation; it moves with version.')
    .meta({ examples: ['1.34.1-20260801'] }),
  volume: volume.prefault({}).describe('Root volume of the nodes.'),
  maxPods: z
    .number()
    .int()
    .min(1)
    .max(737)
    .exactOptional()
    .describe('Pods on one node. Default: what the instance type’s interfaces allow.')
    .meta({ examples: [110] }),
  labels: z
    .record(line(), z.string())
    .default({})
    .describe('Labels of the nodes. Default: none but our own.')
    .meta({ examples: [{ workload: 'infra' }] }),
  taints: z.array(taint).default([]).describe('Taints of the nodes. Default: none.'),
  subnetIds: valueList('Id of a subnet.')
    .exactOptional()
    .describe('Subnets of the pool: one subnet makes a pool of one zone. Default: those of the cluster.'),
  targetGroupArns: z
    .array(
      line()
        .describe('ARN of a target group.')
        .meta({ examples: ['arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/0123456789abcdef'] }),
    )
    .default([])
    .describe('Target groups that the nodes join. Default: none.'),
  firewallRules: z.array(firewallRule).default([]).describe('Further traffic that is let through for this pool. Default: none.'),
  userData: z
    .string()
    .exactOptional()
    .describe('Text put before the bootstrap of each node: a shell script or NodeConfig for AL2023, TOML for Bottlerocket. Default: none.'),
  metadataOptions: metadataOptions.prefault({}).describe('Instance metadata of the nodes.'),
  update: updateStrategy.prefault({}).describe('How nodes are replaced when the pool changes.'),
  tags: awsTags().describe('Tags of the pool’s instances, volumes and groups. Default: none but the cluster’s.'),
});

export const nodePools = z
  .record(label(), nodePool.describe('One pool of equal nodes; its name is the key.'))
  .default({})
  .describe('Pools of nodes, by name. Default: none.');

export type NodePoolSpec = z.output<typeof nodePool>;
export type FirewallRuleSpec = NodePoolSpec['firewallRules'][number];
