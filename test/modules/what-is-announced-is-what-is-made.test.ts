/** A plan that cannot know the network yet says what will be made, by type. The real plan, later, must say the same. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { announceVpn } from '../../src/networks/aws/announce.ts';
import { networkVariables, vpnVariables } from '../../src/networks/aws/inputs.ts';
import { readNetworkOutputs, readVpnOutputs } from '../../src/networks/aws/outputs.ts';
import { announceCluster } from '../../src/provisioners/eks/announce.ts';
import { clusterVariables } from '../../src/provisioners/eks/inputs.ts';
import { readEksOutputs } from '../../src/provisioners/eks/outputs.ts';
import { resolveEksText, resolveNetworkText } from '../support/aws-projects.ts';
import { type AwsBed, type AwsResource, createAwsBed } from '../support/aws-bed.ts';
import { changeLines, countCreated, type ModuleRun, openModule } from '../support/module-run.ts';

const ZONES = ['eu-central-1a', 'eu-central-1b', 'eu-central-1c'];
const TAGS = { 'slipway.dev/project': 'demo', team: 'platform' };

const NETWORK = [
  'cidr: 10.0.0.0/16',
  'additionalCidrs: [100.64.0.0/16]',
  `availabilityZones: [${ZONES.join(', ')}]`,
  'natGateways: perZone',
  'aws: {region: eu-central-1, endpoints: [s3, dynamodb, ecr.api, sts], flowLogs: {retentionDays: 30}, clusterNames: [demo]}',
  'vpn: {clientsCidr: 192.168.200.0/24, instances: 2, operatorCidrs: [203.0.113.0/24, 198.51.100.0/24]}',
];

const BASE = ['region: eu-central-1', 'version: "1.34"', 'network: {vpcId: vpc-0123, subnetIds: [subnet-0a, subnet-0b]}'];
const PRINCIPAL = 'arn:aws:iam::123456789012:role';

/** Every field that makes something more, at least once. */
const FULL = [
  ...BASE,
  'supportType: EXTENDED',
  'serviceCidr: 172.20.0.0/16',
  'endpointAccess: {public: true, publicCidrs: [203.0.113.0/24]}',
  'dmzCidrs: [10.0.0.0/16, 192.168.200.0/24]',
  'sshPublicKey: ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl jane',
  `accessEntries: [{principalArn: "${PRINCIPAL}/dev", groups: [viewers], policies: [{name: AmazonEKSViewPolicy, namespaces: [apps]}, {name: AmazonEKSEditPolicy}]}, {principalArn: "${PRINCIPAL}/ops", policies: [{name: AmazonEKSClusterAdminPolicy}]}]`,
  `awsAuth: {roles: [{roleArn: "${PRINCIPAL}/ci", username: ci, groups: [builders]}]}`,
  'logs: {types: [api, audit], retentionDays: 30}',
  `podIdentities: [{namespace: apps, serviceAccount: app, roleArn: "${PRINCIPAL}/app"}]`,
  'addons: {vpcCni: {configuration: {env: {ENABLE_PREFIX_DELEGATION: "true"}}}, coreDns: {onConflict: preserve}}',
  'nodePools:',
  '  infra:',
  '    minSize: 2',
  '    maxSize: 4',
  '    instanceTypes: [m7i.large]',
  '    labels: {workload: infra}',
  '    taints: [{key: workload, value: infra, effect: NoSchedule}]',
  '    maxPods: 58',
  '    firewallRules:',
  '      - {name: node-ports, direction: ingress, ports: "30000-32767", cidrBlocks: [10.0.0.0/16, 192.168.200.0/24]}',
  '      - {name: peers, direction: ingress, protocol: all, self: true}',
  '      - {name: dns, direction: egress, protocol: udp, ports: "53", cidrBlocks: [0.0.0.0/0]}',
  '  spot:',
  '    capacity: spot',
  '    instanceTypes: [t4g.large, t4g.medium]',
  '    amiFamily: BOTTLEROCKET',
  '    version: "1.33"',
  '    update: {maxUnavailablePercentage: 33}',
  '    userData: "[settings.kernel]"',
  '    tags: {cost: batch}',
];

let bed: AwsBed;

beforeAll(async () => {
  bed = await createAwsBed({ region: 'eu-central-1' });
}, 300_000);

afterAll(() => bed?.close());

describe('VPN hosts', () => {
  let network: ModuleRun;
  let vpn: ModuleRun;

  beforeAll(async () => {
    [network, vpn] = [await openModule('aws-network', bed.env), await openModule('aws-vpn', bed.env)];
  }, 300_000);

  afterAll(() => {
    network?.close();
    vpn?.close();
  });

  it('are planned as announced, made, found unchanged, and gone', async () => {
    const resolved = await resolveNetworkText(...NETWORK);
    network.setVariables(networkVariables(resolved, { name: 'demo-main', availabilityZones: ZONES, tags: TAGS, identityBucket: 'demo-main-vpn-0123456789ab' }));
    await network.apply();
    expect(changeLines(await network.plan())).toEqual([]);

    const outputs = readNetworkOutputs(await network.outputs());
    expect(outputs.vpnIdentity?.bucket).toBe('demo-main-vpn-0123456789ab');
    vpn.setVariables(vpnVariables(resolved, { name: 'demo-main', tags: TAGS, userData: '#cloud-config\n# @@HOST@@ @@ALLOCATION_ID@@\n', network: outputs }) ?? {});
    expect(countCreated(await vpn.plan())).toEqual(resolved.vpn && announceVpn(resolved.vpn));

    await vpn.apply();
    expect(readVpnOutputs(await vpn.outputs()).hosts.map(({ name }) => name)).toEqual(['demo-main-vpn-0', 'demo-main-vpn-1']);
    expect(changeLines(await vpn.plan())).toEqual([]);
    for (const { tags } of bed.account().filter(isTagged)) expect(tags).toMatchObject(TAGS);

    await vpn.destroy();
    await network.destroy();
    expect(bed.account()).toEqual([]);
  });
});

const isTagged = ({ origin, tags }: AwsResource): boolean => origin === 'provider' && Object.keys(tags).length > 0;

describe('a cluster', () => {
  let eks: ModuleRun;

  beforeAll(async () => {
    eks = await openModule('aws-eks', bed.env);
  }, 300_000);

  afterAll(() => eks?.close());

  it.each([
    ['with nothing but what it needs', BASE],
    ['with a plain pool', [...BASE, 'nodePools: {workers: {}}']],
    ['without logs, encryption, IRSA and add-ons', [...BASE, 'logs: {types: []}', 'secretsEncryption: {enabled: false}', 'irsa: false', 'addons: {coreDns: {enabled: false}, ebsCsiDriver: {enabled: false}}', 'nodePools: {workers: {}}']],
    ['with everything', FULL],
  ])('%s is planned as announced, made, found unchanged, and gone', async (_, fields) => {
    const { vpcId, subnetIds } = plantNetwork(bed);
    const before = bed.account();
    const resolved = await resolveEksText(...fields);
    eks.setVariables(clusterVariables(resolved, { name: 'demo', vpcId, subnetIds, poolSubnetIds: {}, tags: TAGS }));

    expect(countCreated(await eks.plan())).toEqual(announceCluster(resolved));
    await eks.apply();
    const outputs = readEksOutputs(await eks.outputs());
    expect(outputs).toMatchObject({ name: 'demo', version: '1.34' });
    expect(Object.keys(outputs.nodePools)).toEqual(resolved.nodePools.map(({ name }) => name));
    expect(changeLines(await eks.plan())).toEqual([]);

    await eks.destroy();
    expect(bed.account()).toEqual(before);
  });
});

function plantNetwork(at: AwsBed): { readonly vpcId: string; readonly subnetIds: readonly string[] } {
  const vpcId = at.plant('aws_vpc', { cidr_block: '10.0.0.0/16' });
  const subnetIds = ZONES.map((zone, i) => at.plant('aws_subnet', { vpc_id: vpcId, cidr_block: `10.0.${i * 32}.0/19`, availability_zone: zone }));
  return { vpcId, subnetIds };
}
