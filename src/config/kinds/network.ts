/** Kind Network: a private network in a cloud, with a VPN into it. Each provider is one member of the union. */
import * as z from 'zod';
import { awsAccountFields, awsTags } from './aws-account.ts';
import { hooksField } from './hooks.ts';
import { API_VERSION, label, line, metadata } from './vocabulary.ts';
import { vpn } from './vpn.ts';

/** Designed, not built yet; refused by name instead of as an unknown word. */
export const RESERVED_NETWORK_PROVIDERS = ['gcp', 'openstack'] as const;

/** Services a VPC endpoint can be made for. Gateway endpoints (s3, dynamodb) cost nothing; the others are interfaces with an hourly price. */
export const VPC_ENDPOINTS = [
  's3',
  'dynamodb',
  'ec2',
  'ecr.api',
  'ecr.dkr',
  'sts',
  'logs',
  'monitoring',
  'elasticloadbalancing',
  'autoscaling',
  'eks',
  'eks-auth',
  'kms',
  'secretsmanager',
  'ssm',
  'ssmmessages',
  'ec2messages',
  'elasticfilesystem',
  'sqs',
] as const;

const flowLogs = z.strictObject({
  destination: z.enum(['cloudWatch', 's3']).default('cloudWatch').describe('Where the records go. Default: cloudWatch.'),
  bucketArn: z
    .string()
    .regex(/^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/.*)?$/, {
      error: 'must be the ARN of a bucket, such as arn:aws:s3:::my-logs',
    })
    .exactOptional()
    .describe('Bucket for the records. Required with destination: s3.')
    .meta({ examples: ['arn:aws:s3:::my-logs'] }),
  traffic: z.enum(['all', 'accept', 'reject']).default('all').describe('Which traffic is recorded. Default: all.'),
  retentionDays: retentionDays().default(90).describe('How long CloudWatch keeps the records, in days. Default: 90.'),
});

/** Retentions that CloudWatch Logs takes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html; 0 is for ever. */
export function retentionDays() {
  return z.literal([0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]);
}

const aws = z.strictObject({
  ...awsAccountFields,
  endpoints: z
    .array(z.enum(VPC_ENDPOINTS).describe('Name of a service.'))
    .default(['s3'])
    .describe('Services that are reached without leaving the network (VPC endpoints). Default: s3, which costs nothing.')
    .meta({ examples: [['s3', 'ecr.api', 'ecr.dkr', 'sts']] }),
  flowLogs: flowLogs.exactOptional().describe('Records of the traffic (VPC flow logs). Default: none.'),
  clusterNames: z
    .array(label().describe('Name of a cluster.'))
    .default([])
    .describe('Clusters whose name the subnets are tagged with, beside those of this project that stand in the network. Default: none.')
    .meta({ examples: [['legacy']] }),
});

const subnets = (which: string) =>
  z
    .array(
      line()
        .describe('One range of addresses inside cidr.')
        .meta({ examples: ['10.0.16.0/20'] }),
    )
    .exactOptional()
    .describe(`Ranges of the ${which} subnets, one for each zone and in the order of the zones. Default: cut from cidr.`);

const awsNetwork = z.strictObject({
  provider: z.literal('aws').describe('Which cloud the network is in.'),
  aws: aws.describe('Settings of the provider aws.'),
  cidr: line()
    .describe('Addresses of the network: from /16 to /28.')
    .meta({ examples: ['10.0.0.0/16'] }),
  additionalCidrs: z
    .array(
      line()
        .describe('One range of addresses.')
        .meta({ examples: ['100.64.0.0/16'] }),
    )
    .max(4)
    .default([])
    .describe('Further ranges of the network, at most four. Default: none.'),
  availabilityZones: z
    .array(
      z
        .string()
        .regex(/^[a-z]{2,3}(?:-[a-z0-9]+)+[a-z]$/, { error: 'must be the name of a zone, such as eu-central-1a' })
        .describe('Name of a zone.'),
    )
    .min(1)
    .max(6)
    .exactOptional()
    .describe('Zones of the subnets. Default: the first zones of the region, as many as there are subnets, three when there are none.')
    .meta({ examples: [['eu-central-1a', 'eu-central-1b', 'eu-central-1c']] }),
  publicSubnets: subnets('public'),
  privateSubnets: subnets('private'),
  natGateways: z
    .enum(['none', 'single', 'perZone'])
    .default('single')
    .describe(
      'How private subnets reach the world. single: one NAT gateway, cheap, lost with its zone. perZone: one in each. none: not at all. Default: single.',
    ),
  tags: awsTags().describe('Tags of everything that is made. Default: none but our own.'),
  vpn: vpn.exactOptional().describe('VPN hosts in the public subnets. Default: none.'),
  hooks: hooksField(),
});

export const networkSpec = z.discriminatedUnion('provider', [awsNetwork]);

export const networkDocument = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of the format.'),
    kind: z.literal('Network').describe('Kind of the document.'),
    metadata: metadata().describe('Name of the network.'),
    spec: networkSpec.describe('The network, and the VPN into it.'),
  })
  .describe('A private network in a cloud, and a VPN into it.');

export type NetworkDocument = z.output<typeof networkDocument>;
export type NetworkSpec = z.output<typeof networkSpec>;
export type FlowLogsSpec = z.output<typeof flowLogs>;
