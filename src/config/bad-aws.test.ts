import { describe, expect, it } from 'vitest';
import { SlipwayErrors } from '../core/errors.ts';
import { loadProject } from './load.ts';
import { hostWith } from './memory-host.ts';

const network = (fields: string): string =>
  `apiVersion: slipway.dev/v1alpha1\nkind: Network\nmetadata: {name: main}\nspec:\n  provider: aws\n  aws: {region: eu-west-1}\n${fields}`;
const cluster = (fields: string, version = '"1.34"'): string =>
  `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: prod}\nspec:\n  provisioner: eks\n  eks:\n    region: eu-west-1\n    version: ${version}\n    network: {vpcId: vpc-1, subnetIds: [subnet-a, subnet-b]}\n${fields}`;
const pool = (fields: string): string => cluster(`    nodePools: {a: {${fields}}}\n`);
const rule = (fields: string): string => pool(`firewallRules: [{name: r, direction: ingress, ${fields}}]`);

async function failures(text: string): Promise<readonly string[]> {
  const thrown = await loadProject(hostWith(text, { env: { KEY: 'long enough' } }), '.').then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SlipwayErrors)) throw thrown ?? new Error('the project was accepted');
  return thrown.errors.map(({ code, message }) => `${code} ${message}`);
}

const CIDR = '  cidr: 10.0.0.0/16\n';

/** title, project file, code, part of the message */
const cases: readonly (readonly [string, string, string, string])[] = [
  ['a range with bits behind the prefix', network('  cidr: 10.0.0.1/16\n'), 'SLW-CFG-047', 'no range'],
  ['a network that AWS finds too large', network('  cidr: 10.0.0.0/8\n'), 'SLW-NET-001', 'from /16 to /28'],
  ['a network too small for its zones', network('  cidr: 10.0.0.0/26\n'), 'SLW-NET-001', 'too small'],
  ['a subnet outside of the network', network(`${CIDR}  privateSubnets: [10.1.0.0/24]\n`), 'SLW-NET-001', 'not inside the network'],
  [
    'subnets over each other',
    network(`${CIDR}  privateSubnets: [10.0.0.0/24, 10.0.0.0/25]\n  publicSubnets: [10.0.4.0/24, 10.0.5.0/24]\n`),
    'SLW-CFG-048',
    'overlaps',
  ],
  ['VPN clients in the network', network(`${CIDR}  vpn: {clientsCidr: 10.0.7.0/24}\n`), 'SLW-CFG-048', 'overlaps spec.cidr'],
  [
    'more subnets than zones',
    network(`${CIDR}  availabilityZones: [eu-west-1a]\n  privateSubnets: [10.0.0.0/24, 10.0.1.0/24]\n`),
    'SLW-NET-001',
    '2 subnets for 1 zones',
  ],
  [
    'subnets of two sorts that differ in number',
    network(`${CIDR}  privateSubnets: [10.0.0.0/24, 10.0.1.0/24]\n  publicSubnets: [10.0.2.0/24]\n`),
    'SLW-NET-001',
    '1 subnets for 2',
  ],
  ['a zone of another region', network(`${CIDR}  availabilityZones: [us-east-1a]\n`), 'SLW-NET-001', 'not in region'],
  ['a zone twice', network(`${CIDR}  availabilityZones: [eu-west-1a, eu-west-1a]\n`), 'SLW-NET-001', 'twice'],
  ['a NAT gateway without a public subnet', network(`${CIDR}  publicSubnets: []\n`), 'SLW-NET-001', 'stand in public subnets'],
  [
    'VPN hosts without a public subnet',
    network(`${CIDR}  natGateways: none\n  publicSubnets: []\n  vpn: {clientsCidr: 192.168.0.0/24}\n`),
    'SLW-NET-001',
    'hosts of the VPN',
  ],
  [
    'an SSH user without keys',
    network(`${CIDR}  vpn: {clientsCidr: 192.168.0.0/24, sshUsers: {jane: {}}}\n`),
    'SLW-NET-001',
    'jane has no keys',
  ],
  [
    'flow logs without their bucket',
    network(`${CIDR}`).replace('eu-west-1}', 'eu-west-1, flowLogs: {destination: s3}}'),
    'SLW-NET-001',
    'bucketArn',
  ],
  ['an unknown word for a region', network(CIDR).replace('eu-west-1', 'europe'), 'SLW-CFG-016', 'region'],
  ['an unknown family of images', pool('amiFamily: AL2'), 'SLW-CFG-016', 'amiFamily'],
  ['nodes newer than their cluster', pool('version: "1.35"'), 'SLW-EKS-007', 'newer'],
  ['nodes much older than their cluster', pool('version: "1.30"'), 'SLW-EKS-007', 'older'],
  ['a pool whose least is more than its most', pool('minSize: 5'), 'SLW-EKS-001', 'greater than maxSize'],
  ['a pool that begins outside of its bounds', pool('desiredSize: 9'), 'SLW-EKS-001', 'not between'],
  ['a release for an image of one’s own', pool('amiId: ami-01234567, releaseVersion: x'), 'SLW-EKS-001', 'amiId'],
  ['a fast volume without a speed', pool('volume: {type: io2}'), 'SLW-EKS-001', 'need iops'],
  ['two ways to bound an update', pool('update: {maxUnavailable: 1, maxUnavailablePercentage: 5}'), 'SLW-EKS-001', 'not both'],
  ['a firewall rule without another end', rule('ports: "80"'), 'SLW-EKS-001', 'exactly one of'],
  ['a firewall rule without ports', rule('cidrBlocks: [10.0.0.0/8]'), 'SLW-EKS-001', 'needs ports'],
  ['a firewall rule with ports upside down', rule('self: true, ports: "90-80"'), 'SLW-EKS-001', 'no range of ports'],
  ['an API for nobody', cluster('    endpointAccess: {private: false}\n'), 'SLW-EKS-001', 'nobody could reach'],
  ['a public API for whom', cluster('    endpointAccess: {public: true}\n'), 'SLW-EKS-001', 'for whom'],
  ['a range of services that EKS does not take', cluster('    serviceCidr: 172.20.0.0/30\n'), 'SLW-EKS-001', '/12 to /24'],
  [
    'a group that EKS does not take',
    cluster('    accessEntries: [{principalArn: "arn:aws:iam::111122223333:role/a", groups: ["system:masters"]}]\n'),
    'SLW-EKS-001',
    'system:masters',
  ],
  [
    'pod identities without their agent',
    cluster(
      '    addons: {podIdentityAgent: {enabled: false}, ebsCsiDriver: {enabled: false}}\n    podIdentities: [{namespace: a, serviceAccount: b, roleArn: "arn:aws:iam::111122223333:role/a"}]\n',
    ),
    'SLW-EKS-001',
    'podIdentityAgent',
  ],
  ['a key for no bastion', `${cluster('')}  access: {identity: {env: KEY}}\n`, 'SLW-EKS-001', 'bastion'],
  [
    'a folder that no cloud can fetch',
    `${cluster('')}  gitops: {repositories: {a: {git: {url: ./fleet}}}}\n`,
    'SLW-EXI-001',
    'cannot fetch',
  ],
  ['a version that is a number', cluster('', '1.34'), 'SLW-CFG-014', 'version'],
  [
    'a network of another region',
    `${network(CIDR)}---\n${cluster('').replace('vpc-1', '{output: Network/main.vpcId}').replace('region: eu-west-1', 'region: us-east-1')}`,
    'SLW-EKS-001',
    'its network',
  ],
  [
    'services over the network',
    `${network(CIDR)}---\n${cluster('    serviceCidr: 10.0.0.0/16\n').replace('vpc-1', '{output: Network/main.vpcId}')}`,
    'SLW-CFG-048',
    'overlaps Network/main',
  ],
  [
    'an output that a network does not have',
    `${network(CIDR)}---\n${cluster('').replace('[subnet-a, subnet-b]', '{output: Network/main.subnets}')}`,
    'SLW-CFG-026',
    'no output',
  ],
  ['two hooks of one name', `${network(CIDR)}  hooks: {beforeCreate: [{name: a, run: ./a}, {name: a, run: ./b}]}\n`, 'SLW-HOK-003', '"a"'],
  [
    'a bucket for state without its place',
    'apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {state: {backend: s3}}\n',
    'SLW-CFG-015',
    'spec.state.s3',
  ],
  [
    'settings of a backend that was not chosen',
    'apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {state: {s3: {region: eu-west-1}}}\n',
    'SLW-CFG-055',
    'backend is local',
  ],
];

describe('a project on AWS is refused for', () => {
  it.each(cases)('%s', async (_title, text, code, part) => {
    const found = await failures(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(new RegExp(`^${code} `));
    expect(found[0]).toContain(part);
  });
});
