import { describe, expect, it } from 'vitest';
import { loadProject } from '../../config/load.ts';
import { hostWith } from '../../config/memory-host.ts';
import type { ResolvedNetwork } from '../../config/resolved-network.ts';
import { announceVpn } from './announce.ts';
import { awsNetworkName, networkVariables, vpnRoleName, vpnVariables } from './inputs.ts';
import { readNetworkOutputs, readVpnOutputs } from './outputs.ts';

const ZONES = ['eu-central-1a', 'eu-central-1b'];

async function networkOf(...fields: readonly string[]): Promise<ResolvedNetwork> {
  const head = [
    'apiVersion: slipway.dev/v1alpha1',
    'kind: Network',
    'metadata: {name: main}',
    'spec:',
    '  provider: aws',
    '  cidr: 10.0.0.0/16',
  ];
  const text = [...head, ...fields.map((field) => `  ${field}`), ''].join('\n');
  const { networks } = await loadProject(hostWith(text), '.');
  const [network] = networks;
  if (!network) throw new Error('no network');
  return network;
}

const AWS = 'aws: {region: eu-central-1}';
const TWO_ZONES = `availabilityZones: [${ZONES.join(', ')}]`;
const VPN = 'vpn: {clientsCidr: 192.168.200.0/24}';
const place = { name: 'demo-main', availabilityZones: ZONES, tags: { team: 'platform' } };

describe('networkVariables', () => {
  it('gives a plain network what it says, and no more', async () => {
    expect(networkVariables(await networkOf(AWS, TWO_ZONES), place)).toEqual({
      name: 'demo-main',
      region: 'eu-central-1',
      cidr: '10.0.0.0/16',
      additional_cidrs: [],
      availability_zones: ZONES,
      public_subnets: ['10.0.128.0/19', '10.0.160.0/19'],
      private_subnets: ['10.0.0.0/18', '10.0.64.0/18'],
      nat_gateways: 'single',
      cluster_names: [],
      gateway_endpoints: ['s3'],
      interface_endpoints: [],
      flow_logs: null,
      vpn_identity: null,
      tags: { team: 'platform' },
    });
  });

  it('tells gateway endpoints from interface endpoints', async () => {
    const network = await networkOf('aws: {region: eu-central-1, endpoints: [ecr.api, s3, sts, dynamodb]}', TWO_ZONES);
    expect(networkVariables(network, place)).toMatchObject({
      gateway_endpoints: ['s3', 'dynamodb'],
      interface_endpoints: ['ecr.api', 'sts'],
    });
  });

  it.each([
    ['none', 'none'],
    ['single', 'single'],
    ['perZone', 'per_zone'],
  ])('says natGateways %s as %s', async (written, given) => {
    expect(networkVariables(await networkOf(AWS, TWO_ZONES, `natGateways: ${written}`), place)['nat_gateways']).toBe(given);
  });

  it('sends flow logs to CloudWatch for a time', async () => {
    const network = await networkOf('aws: {region: eu-central-1, flowLogs: {traffic: reject, retentionDays: 30}}', TWO_ZONES);
    expect(networkVariables(network, place)['flow_logs']).toEqual({ destination: 'cloud_watch', traffic: 'REJECT', retention_days: 30 });
  });

  it('sends flow logs to a bucket', async () => {
    const network = await networkOf(
      'aws: {region: eu-central-1, flowLogs: {destination: s3, bucketArn: "arn:aws:s3:::my-logs"}}',
      TWO_ZONES,
    );
    expect(networkVariables(network, place)['flow_logs']).toMatchObject({
      destination: 's3',
      bucket_arn: 'arn:aws:s3:::my-logs',
      traffic: 'ALL',
    });
  });

  it('makes a place for the identity of a VPN, known to the role of its hosts', async () => {
    const variables = networkVariables(await networkOf(AWS, TWO_ZONES, VPN), { ...place, identityBucket: 'demo-main-vpn-0123' });
    expect(variables['vpn_identity']).toMatchObject({ bucket_name: 'demo-main-vpn-0123', host_role_name: 'demo-main-eu-central-1-vpn' });
  });
});

const OUTPUTS = {
  vpc_id: 'vpc-0123',
  vpc_cidr: '10.0.0.0/16',
  availability_zones: ZONES,
  public_subnet_ids: ['subnet-a', 'subnet-b'],
  public_subnet_cidrs: ['10.0.128.0/19', '10.0.160.0/19'],
  private_subnet_ids: ['subnet-c', 'subnet-d'],
  private_subnet_cidrs: ['10.0.0.0/18', '10.0.64.0/18'],
  nat_addresses: ['203.0.113.1'],
  flow_log_group: null,
  vpn_identity: {
    bucket: 'b',
    bucket_arn: 'arn:aws:s3:::b',
    authority_prefix: 'authority/',
    host_key_arn: 'arn:h',
    authority_key_arn: 'arn:a',
  },
};

describe('vpnVariables', () => {
  it('puts hosts into the network that was made', async () => {
    const network = await networkOf(AWS, TWO_ZONES, 'vpn: {clientsCidr: 192.168.200.0/24, instances: 2, operatorCidrs: [203.0.113.0/24]}');
    const variables = vpnVariables(network, {
      name: 'demo-main',
      tags: {},
      userData: '#cloud-config\n',
      network: readNetworkOutputs(OUTPUTS),
    });
    expect(variables).toMatchObject({
      name: 'demo-main-vpn',
      vpc_id: 'vpc-0123',
      public_subnet_ids: ['subnet-a', 'subnet-b'],
      hosts: 2,
      role_name: 'demo-main-eu-central-1-vpn',
      identity: { bucket: 'b', host_key_arn: 'arn:h' },
      operator_cidrs: ['203.0.113.0/24'],
      image_id: null,
    });
  });

  it('asks for the image of the architecture that the instance type has', async () => {
    const network = await networkOf(AWS, TWO_ZONES, 'vpn: {clientsCidr: 192.168.200.0/24, instanceType: t4g.micro}');
    const variables = vpnVariables(network, { name: 'n', tags: {}, userData: '#', network: readNetworkOutputs(OUTPUTS) });
    expect(variables?.['image_parameter']).toMatch(/\/arm64\//);
  });

  it('is nothing without a VPN, and without a place for its identity', async () => {
    const place = { name: 'n', tags: {}, userData: '#', network: readNetworkOutputs(OUTPUTS) };
    expect(vpnVariables(await networkOf(AWS, TWO_ZONES), place)).toBeUndefined();
    const bare = { ...place, network: readNetworkOutputs({ ...OUTPUTS, vpn_identity: null }) };
    expect(vpnVariables(await networkOf(AWS, TWO_ZONES, VPN), bare)).toBeUndefined();
  });
});

describe('announceVpn', () => {
  it('counts what each host has and what all share', async () => {
    const { vpn } = await networkOf(AWS, TWO_ZONES, 'vpn: {clientsCidr: 192.168.200.0/24, instances: 3, operatorCidrs: []}');
    expect(vpn && announceVpn(vpn)).toMatchObject({
      aws_eip: 3,
      aws_autoscaling_group: 3,
      aws_iam_role: 1,
      aws_vpc_security_group_ingress_rule: 1,
    });
  });
});

describe('names in AWS', () => {
  it('tell networks of two projects apart', () => {
    expect(awsNetworkName('demo', 'main')).toBe('demo-main');
    expect(awsNetworkName('main', 'main')).toBe('main');
  });

  it('stay short enough for a role, and different', () => {
    const long = 'a'.repeat(63);
    const names = [awsNetworkName(long, 'one'), awsNetworkName(long, 'two')];
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(vpnRoleName(name, 'us-isof-south-1').length).toBeLessThanOrEqual(64);
    expect(vpnRoleName(long, 'us-isof-south-1').length).toBeLessThanOrEqual(64);
  });
});

describe('outputs', () => {
  it('come in our own names', () => {
    const outputs = readNetworkOutputs(OUTPUTS);
    expect(outputs).toMatchObject({ vpcId: 'vpc-0123', flowLogGroup: undefined, vpnIdentity: { authorityKeyArn: 'arn:a' } });
  });

  it('of VPN hosts keep each host with its address', () => {
    const hosts = { 'n-0': { address: '203.0.113.1', allocation_id: 'eipalloc-1', autoscaling_group_name: 'n-0' } };
    const outputs = readVpnOutputs({
      hosts,
      addresses: ['203.0.113.1'],
      port: 1194,
      protocol: 'udp',
      security_group_id: 'sg-1',
      role_arn: 'arn:r',
    });
    expect(outputs.hosts).toEqual([{ name: 'n-0', address: '203.0.113.1', allocationId: 'eipalloc-1', autoscalingGroupName: 'n-0' }]);
  });

  it('of another module are refused', () => {
    expect(() => readNetworkOutputs({ cluster_name: 'demo' })).toThrow('vpc_id');
  });
});
