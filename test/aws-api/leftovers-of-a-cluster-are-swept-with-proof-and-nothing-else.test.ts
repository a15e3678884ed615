import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Aws, connectAws } from '../../src/aws/aws.ts';
import type { LeftoverScope } from '../../src/aws/leftover.ts';
import { findLeftovers, sweepLeftovers } from '../../src/aws/leftovers.ts';
import { callQuery } from '../../src/aws/query.ts';
import { listOf, textOf, type XmlNode } from '../../src/aws/xml.ts';
import { type Moto, startMoto, whyNoMoto } from '../support/moto.ts';

const noMoto = whyNoMoto();
const { signal } = new AbortController();
const OWNED = { 'kubernetes.io/cluster/demo': 'owned' };
const PVC = { CSIVolumeName: 'pvc-1', 'kubernetes.io/created-for/pvc/name': 'data' };

type Tags = Readonly<Record<string, string>>;

describe.skipIf(noMoto !== undefined)(`leftovers of a cluster${noMoto === undefined ? '' : ` (skipped: ${noMoto})`}`, () => {
  let moto: Moto;
  let aws: Aws;
  let vpc: string;
  let subnets: readonly string[];

  beforeAll(async () => {
    moto = await startMoto();
  });
  beforeEach(async () => {
    await moto.reset();
    aws = connectAws(moto.host, { region: 'eu-west-1' });
    ({ vpc, subnets } = await network('10.0.0.0/16'));
  });
  afterAll(() => moto?.close());

  const ec2 = (action: string, params: Record<string, string>): Promise<XmlNode> =>
    callQuery(aws, { service: 'ec2', version: '2016-11-15', action, params }, signal);
  const elb = (version: string, action: string, params: Record<string, string>): Promise<XmlNode> =>
    callQuery(aws, { service: 'elasticloadbalancing', version, action, params }, signal);
  const scope = (over: Partial<LeftoverScope> = {}): LeftoverScope => ({ cluster: 'demo', vpcId: vpc, managed: new Set(), ...over });

  async function network(cidr: string): Promise<{ vpc: string; subnets: readonly string[] }> {
    const made = textOf(await ec2('CreateVpc', { CidrBlock: cidr }), 'vpc', 'vpcId') ?? '';
    const base = cidr.split('.').slice(0, 2).join('.');
    const places = ['a', 'b'].map((zone, index) => ({
      VpcId: made,
      CidrBlock: `${base}.${index}.0/24`,
      AvailabilityZone: `eu-west-1${zone}`,
    }));
    const ids: string[] = [];
    for (const place of places) ids.push(textOf(await ec2('CreateSubnet', place), 'subnet', 'subnetId') ?? '');
    return { vpc: made, subnets: ids };
  }

  function tagSpec(type: string, tags: Tags): Record<string, string> {
    const pairs = Object.entries(tags).flatMap(([key, value], index) => [
      [`TagSpecification.1.Tag.${index + 1}.Key`, key],
      [`TagSpecification.1.Tag.${index + 1}.Value`, value],
    ]);
    return pairs.length === 0 ? {} : { 'TagSpecification.1.ResourceType': type, ...(Object.fromEntries(pairs) as Record<string, string>) };
  }

  function members(tags: Tags): Record<string, string> {
    const pairs = Object.entries(tags).flatMap(([key, value], index) => [
      [`Tags.member.${index + 1}.Key`, key],
      [`Tags.member.${index + 1}.Value`, value],
    ]);
    return Object.fromEntries(pairs) as Record<string, string>;
  }

  const volume = async (tags: Tags): Promise<string> =>
    textOf(await ec2('CreateVolume', { AvailabilityZone: 'eu-west-1a', Size: '1', ...tagSpec('volume', tags) }), 'volumeId') ?? '';
  const group = async (name: string, tags: Tags, vpcId = vpc): Promise<string> =>
    textOf(
      await ec2('CreateSecurityGroup', { GroupName: name, GroupDescription: name, VpcId: vpcId, ...tagSpec('security-group', tags) }),
      'groupId',
    ) ?? '';
  const balancer = async (name: string, tags: Tags, where = subnets): Promise<string> => {
    const params = {
      Name: name,
      Type: 'network',
      ...Object.fromEntries(where.map((id, index) => [`Subnets.member.${index + 1}`, id])),
      ...members(tags),
    };
    const answer = await elb('2015-12-01', 'CreateLoadBalancer', params);
    return textOf(listOf(answer, 'CreateLoadBalancerResult', 'LoadBalancers', 'member')[0], 'LoadBalancerArn') ?? '';
  };
  const targetGroup = async (name: string, tags: Tags): Promise<string> => {
    const answer = await elb('2015-12-01', 'CreateTargetGroup', { Name: name, Protocol: 'TCP', Port: '80', VpcId: vpc, ...members(tags) });
    return textOf(listOf(answer, 'CreateTargetGroupResult', 'TargetGroups', 'member')[0], 'TargetGroupArn') ?? '';
  };
  const networkInterface = async (tags: Tags): Promise<string> =>
    textOf(
      await ec2('CreateNetworkInterface', { SubnetId: subnets[0] ?? '', ...tagSpec('network-interface', tags) }),
      'networkInterface',
      'networkInterfaceId',
    ) ?? '';

  it('are found by the tags of their controllers and go in an order that AWS takes', async () => {
    const made = {
      balancer: await balancer('k8s-ingress', { 'elbv2.k8s.aws/cluster': 'demo' }),
      group: await targetGroup('k8s-ingress', { 'elbv2.k8s.aws/cluster': 'demo' }),
      interface: await networkInterface({ 'cluster.k8s.amazonaws.com/name': 'demo' }),
      volume: await volume({ ...OWNED, ...PVC }),
      firewall: await group('k8s-elb-1', OWNED),
    };
    await elb('2012-06-01', 'CreateLoadBalancer', {
      LoadBalancerName: 'classic',
      'Subnets.member.1': subnets[0] ?? '',
      'Listeners.member.1.Protocol': 'tcp',
      'Listeners.member.1.LoadBalancerPort': '80',
      'Listeners.member.1.InstancePort': '30000',
      ...members(OWNED),
    });
    const found = await findLeftovers(aws, scope(), signal);
    expect(found.map(({ kind, id, proof }) => [kind, id, proof])).toEqual([
      ['load-balancer', made.balancer, 'tag elbv2.k8s.aws/cluster=demo'],
      ['classic-load-balancer', 'classic', 'tag kubernetes.io/cluster/demo=owned'],
      ['target-group', made.group, 'tag elbv2.k8s.aws/cluster=demo'],
      ['network-interface', made.interface, 'tag cluster.k8s.amazonaws.com/name=demo'],
      ['volume', made.volume, 'tag kubernetes.io/cluster/demo=owned'],
      ['security-group', made.firewall, 'tag kubernetes.io/cluster/demo=owned'],
    ]);
    const gone = await sweepLeftovers(aws, scope(), { timeoutMs: 60_000, signal });
    expect(gone.map(({ id }) => id)).toEqual(found.map(({ id }) => id));
    expect(await findLeftovers(aws, scope(), signal)).toEqual([]);
    expect(await sweepLeftovers(aws, scope(), { timeoutMs: 60_000, signal })).toEqual([]);
  });

  it('are not: things of others with similar names, of other clusters, of other networks, kept ones, and what OpenTofu or EKS made', async () => {
    const elsewhere = await network('10.1.0.0/16');
    await balancer('demo', {});
    await balancer('k8s-other', { 'kubernetes.io/cluster/demo2': 'owned', 'elbv2.k8s.aws/cluster': 'demo2' });
    await balancer('k8s-twin', { 'elbv2.k8s.aws/cluster': 'demo' }, elsewhere.subnets);
    await group('k8s-elb-other', OWNED, elsewhere.vpc);
    await group('shared', { 'kubernetes.io/cluster/demo': 'shared' });
    await group('eks-cluster-sg-demo', { ...OWNED, 'aws:eks:cluster-name': 'demo' });
    await group('nodes', { ...OWNED, 'slipway.dev/managed-by': 'slipway' });
    await networkInterface({ Name: 'demo' });
    await volume({ Name: 'demo' });
    await volume(OWNED);
    const kept = await volume({ ...OWNED, ...PVC });
    const before = await everything();
    expect(await sweepLeftovers(aws, scope({ managed: new Set([kept]) }), { timeoutMs: 60_000, signal })).toEqual([]);
    expect(await everything()).toEqual(before);
  });

  async function everything(): Promise<readonly string[]> {
    const parts = await Promise.all([
      ec2('DescribeVolumes', {}).then((answer) => listOf(answer, 'volumeSet', 'item').map((item) => textOf(item, 'volumeId') ?? '')),
      ec2('DescribeSecurityGroups', {}).then((answer) =>
        listOf(answer, 'securityGroupInfo', 'item').map((item) => textOf(item, 'groupId') ?? ''),
      ),
      ec2('DescribeNetworkInterfaces', {}).then((answer) =>
        listOf(answer, 'networkInterfaceSet', 'item').map((item) => textOf(item, 'networkInterfaceId') ?? ''),
      ),
      elb('2015-12-01', 'DescribeLoadBalancers', {}).then((answer) =>
        listOf(answer, 'DescribeLoadBalancersResult', 'LoadBalancers', 'member').map((item) => textOf(item, 'LoadBalancerArn') ?? ''),
      ),
    ]);
    return parts.flat().sort();
  }

  it('that a living node holds are left to it, and go once it is gone', async () => {
    const instance = await ec2('RunInstances', {
      ImageId: 'ami-12c6146b',
      MinCount: '1',
      MaxCount: '1',
      InstanceType: 'm5.large',
      SubnetId: subnets[0] ?? '',
    });
    const node = textOf(listOf(instance, 'instancesSet', 'item')[0], 'instanceId') ?? '';
    const held = await volume({ ...OWNED, ...PVC });
    await ec2('AttachVolume', { VolumeId: held, InstanceId: node, Device: '/dev/xvdba' });
    expect(await sweepLeftovers(aws, scope(), { timeoutMs: 60_000, signal })).toEqual([]);
    await ec2('TerminateInstances', { 'InstanceId.1': node });
    expect((await findLeftovers(aws, scope(), signal)).map(({ id }) => id)).toEqual([held]);
  });

  it('that a controller started itself (Karpenter) are ended', async () => {
    const tags = { ...OWNED, 'karpenter.sh/nodepool': 'default' };
    const params = {
      ImageId: 'ami-12c6146b',
      MinCount: '2',
      MaxCount: '2',
      InstanceType: 'm5.large',
      SubnetId: subnets[0] ?? '',
      ...tagSpec('instance', tags),
    };
    await ec2('RunInstances', params);
    await ec2('RunInstances', {
      ...params,
      ...tagSpec('instance', OWNED),
      'TagSpecification.1.Tag.2.Key': 'x',
      'TagSpecification.1.Tag.2.Value': 'y',
    });
    expect(await sweepLeftovers(aws, scope(), { timeoutMs: 60_000, signal })).toHaveLength(2);
    const states = listOf(await ec2('DescribeInstances', {}), 'reservationSet', 'item')
      .flatMap((each) => listOf(each, 'instancesSet', 'item'))
      .map((item) => textOf(item, 'instanceState', 'name'));
    expect(states.sort()).toEqual(['running', 'running', 'terminated', 'terminated']);
  });

  it('that rules in groups of the cluster name go with those rules; a rule of someone else is not taken back', async () => {
    const nodes = await group('nodes', { 'kubernetes.io/cluster/demo': 'shared' });
    const backend = await group('k8s-traffic', { 'elbv2.k8s.aws/cluster': 'demo' });
    const rule = {
      'IpPermissions.1.IpProtocol': 'tcp',
      'IpPermissions.1.FromPort': '80',
      'IpPermissions.1.ToPort': '80',
      'IpPermissions.1.Groups.1.GroupId': backend,
    };
    await ec2('AuthorizeSecurityGroupIngress', { GroupId: nodes, ...rule });
    const foreign = await group('of-someone', { Name: 'demo' });
    await ec2('AuthorizeSecurityGroupIngress', { GroupId: foreign, ...rule });
    await sweepLeftovers(aws, scope(), { timeoutMs: 0, signal }).catch(() => undefined);
    const rulesOf = async (id: string): Promise<number> => {
      const [found] = listOf(await ec2('DescribeSecurityGroups', { 'GroupId.1': id }), 'securityGroupInfo', 'item');
      return listOf(found, 'ipPermissions', 'item').length;
    };
    expect([await rulesOf(nodes), await rulesOf(foreign)]).toEqual([0, 1]);
  });
});
