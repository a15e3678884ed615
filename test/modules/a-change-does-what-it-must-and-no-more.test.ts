/** What changes when one value of a module changes: in place, replaced in which order, or nothing else at all. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/digest.ts';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { changeLines, type ModuleRun, openModule } from '../support/module-run.ts';

const ZONES = ['eu-central-1a', 'eu-central-1b'];

let bed: AwsBed;

beforeAll(async () => {
  bed = await createAwsBed({ region: 'eu-central-1' });
}, 300_000);

afterAll(() => bed?.close());

describe('a network', () => {
  const variables = {
    name: 'main',
    region: 'eu-central-1',
    cidr: '10.0.0.0/16',
    availability_zones: ZONES,
    private_subnets: ['10.0.0.0/19', '10.0.32.0/19'],
    public_subnets: ['10.0.128.0/20', '10.0.144.0/20'],
    interface_endpoints: ['sts'],
  };
  let network: ModuleRun;
  const changesWith = async (change: Readonly<Record<string, Json>>) => {
    network.setVariables({ ...variables, ...change });
    return changeLines(await network.plan()).toSorted();
  };

  beforeAll(async () => {
    network = await openModule('aws-network', bed.env);
    network.setVariables(variables);
    await network.apply();
  }, 300_000);

  afterAll(() => network?.close());

  it('has its endpoints in all route tables and in each zone', () => {
    const endpoints = bed.account().filter(({ type }) => type === 'aws_vpc_endpoint');
    const sizeOf = (kind: string, field: string) =>
      endpoints.filter(({ attributes }) => attributes['vpc_endpoint_type'] === kind).map(({ attributes }) => (attributes[field] as readonly string[]).length);
    expect(sizeOf('Gateway', 'route_table_ids')).toEqual([3]);
    expect(sizeOf('Interface', 'subnet_ids')).toEqual([2]);
  });

  it('gets a NAT gateway in each zone without losing the one it has', async () => {
    expect(await changesWith({ nat_gateways: 'per_zone' })).toEqual([
      'aws_eip.nat["eu-central-1b"] create',
      'aws_nat_gateway.this["eu-central-1b"] create',
      'aws_route.private_nat["eu-central-1b"] update',
    ]);
  });

  it('gets a zone without touching those it has', async () => {
    const changes = await changesWith({
      availability_zones: ['eu-central-1c', ...ZONES],
      private_subnets: ['10.0.64.0/19', ...variables.private_subnets],
      public_subnets: ['10.0.160.0/20', ...variables.public_subnets],
    });
    expect(changes.filter((line) => line.includes('delete'))).toEqual(NAT_MOVES);
  });

  it('learns of a cluster by tags alone', async () => {
    const changes = await changesWith({ cluster_names: ['demo'] });
    expect(changes).toHaveLength(4);
    for (const line of changes) expect(line).toMatch(/^aws_subnet\.(?:public|private)\["[^"]+"\] update tags/);
  });

  it('whose provider is set to another region is refused before anything is planned', async () => {
    network.setVariables({ ...variables, region: 'eu-west-1', availability_zones: ['eu-west-1a', 'eu-west-1b'] });
    await expect(network.plan()).rejects.toThrow('The provider works in eu-central-1');
  });
});

// The only gateway stands in the first zone of the list.
const NAT_MOVES = ['aws_eip.nat["eu-central-1a"] delete', 'aws_nat_gateway.this["eu-central-1a"] delete'];

const SCALED = 'aws_eks_node_group.pool["workers"] update scaling_config';

describe('a cluster', () => {
  const pool = { min_size: 1, max_size: 3, instance_types: ['t3.large'] };
  const variables = { name: 'demo', region: 'eu-central-1', kubernetes_version: '1.33', node_pools: { workers: pool } };
  let eks: ModuleRun;
  let given: Readonly<Record<string, Json>>;
  const changesWith = async (change: Readonly<Record<string, Json>>) => {
    eks.setVariables({ ...given, ...change });
    return changeLines(await eks.plan()).toSorted();
  };

  /** As planned for the pool. */
  const sizesWith = async (workers: Json): Promise<unknown> => {
    eks.setVariables({ ...given, node_pools: { workers } });
    const planned = (await eks.plan()).find(({ type }) => type === 'aws_eks_node_group')?.change.after?.['scaling_config'];
    return Array.isArray(planned) ? planned[0] : undefined;
  };
  /** As an autoscaler does: the group is scaled, and EKS tells so. */
  const scale = (nodes: number): void => {
    const [group] = bed.account().filter(({ type }) => type === 'aws_eks_node_group');
    const [members] = bed.account().filter(({ type }) => type === 'aws_autoscaling_group');
    if (!group || !members) throw new Error('no node group');
    bed.drift('aws_autoscaling_group', members.id, { desired_capacity: nodes });
    bed.drift('aws_eks_node_group', group.id, { scaling_config: [{ min_size: 1, max_size: 3, desired_size: nodes }] });
  };

  beforeAll(async () => {
    const vpc = bed.plant('aws_vpc', { cidr_block: '10.1.0.0/16' });
    const subnets = ZONES.map((zone, i) => bed.plant('aws_subnet', { vpc_id: vpc, cidr_block: `10.1.${i * 32}.0/19`, availability_zone: zone }));
    given = { ...variables, vpc_id: vpc, subnet_ids: subnets };
    eks = await openModule('aws-eks', bed.env);
    eks.setVariables(given);
    await eks.apply();
  }, 300_000);

  afterAll(() => eks?.close());

  it('is upgraded in place, and its pools and add-ons with it', async () => {
    const changes = await changesWith({ kubernetes_version: '1.34' });
    expect(changes.filter((line) => !line.includes(' update '))).toEqual([]);
    expect(changes.map((line) => line.split(' ')[0])).toEqual(expect.arrayContaining(['aws_eks_cluster.this', 'aws_eks_node_group.pool["workers"]', 'aws_eks_addon.early["kube-proxy"]']));
  });

  it('gets the next nodes before it loses the old ones, when they must be others', async () => {
    expect(await changesWith({ node_pools: { workers: { ...pool, instance_types: ['m6i.large'] } } })).toEqual([
      expect.stringMatching(/^aws_eks_node_group\.pool\["workers"\] create-delete .*instance_types/),
    ]);
  });

  it('leaves the number of nodes to the autoscaler, within the bounds of today', async () => {
    scale(2);
    expect(await changesWith({})).toEqual([]);
    expect(await changesWith({ node_pools: { workers: { ...pool, max_size: 5 } } })).toEqual([SCALED]);
    expect(await sizesWith({ ...pool, max_size: 5 })).toEqual({ min_size: 1, max_size: 5, desired_size: 2 });
    expect(await sizesWith({ ...pool, min_size: 3 })).toEqual({ min_size: 3, max_size: 3, desired_size: 3 });
    expect(await sizesWith({ ...pool, max_size: 1 })).toEqual({ min_size: 1, max_size: 1, desired_size: 1 });
  });

  it('hands the number of nodes on to a pool that takes the place of another', async () => {
    scale(3);
    expect(await sizesWith({ ...pool, instance_types: ['m6i.large'] })).toEqual({ min_size: 1, max_size: 3, desired_size: 3 });
  });

  it('puts back what somebody else changed', async () => {
    const [cluster] = bed.account().filter(({ type }) => type === 'aws_eks_cluster');
    if (!cluster) throw new Error('no cluster');
    bed.drift('aws_eks_cluster', cluster.id, { enabled_cluster_log_types: ['api'] });
    expect(await changesWith({})).toEqual(['aws_eks_cluster.this update enabled_cluster_log_types']);
  });

  it('makes again what somebody else deleted', async () => {
    const [key] = bed.account().filter(({ type }) => type === 'aws_iam_openid_connect_provider');
    if (!key) throw new Error('no provider');
    bed.vanish('aws_iam_openid_connect_provider', key.id);
    expect(await changesWith({})).toEqual(expect.arrayContaining(['aws_iam_openid_connect_provider.this[0] create']));
  });
});
