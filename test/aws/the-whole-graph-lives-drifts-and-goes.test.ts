/** All modules together on the test bed with the real tofu: made, unchanged, drifted, upgraded, replaced, imported, gone. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { actionLines, type AwsWorld, byType, inventory, openAwsWorld, type WorldChange } from '../support/aws-world.ts';

describe('network, VPN hosts and cluster in one state', () => {
  let bed: AwsBed;
  let world: AwsWorld;
  let foreign: readonly string[];

  beforeAll(async () => {
    bed = await createAwsBed();
    world = await openAwsWorld(bed);
    const vpc = bed.plant('aws_vpc', { cidr_block: '10.0.0.0/16', tags: { Name: 'world', project: 'world' } });
    foreign = [vpc, bed.plant('aws_security_group', { vpc_id: vpc, name: 'world-api', description: 'of somebody else' })];
  });

  afterAll(async () => {
    world?.close();
    await bed?.close();
  });

  it('is made as planned, and the next plan is empty', async () => {
    const planned = await world.plan();
    await world.must('apply', '-no-color', '-auto-approve');

    const made = bed.account().filter(({ origin }) => origin === 'provider');
    // What a VPC brings along is adopted and not listed.
    expect(made.length).toBe(planned.filter(({ type }) => type !== 'aws_default_security_group').length);
    expect(actionLines(await world.plan())).toEqual([]);
    expect(inventory(bed.account())).toMatchObject({ 'aws_instance service': 3, 'aws_autoscaling_group service': 1 });
  });

  it('finds what was changed behind its back, and nothing else', async () => {
    const table = byType(bed, 'aws_route').attributes;
    bed.drift('aws_eks_node_group', byType(bed, 'aws_eks_node_group').id, { labels: { tier: 'changed' } });
    bed.drift('aws_subnet', byType(bed, 'aws_subnet').id, {
      map_public_ip_on_launch: byType(bed, 'aws_subnet').attributes['map_public_ip_on_launch'] !== true,
    });
    bed.vanish('aws_route', byType(bed, 'aws_route').id);
    bed.vanish('aws_iam_role_policy_attachment', byType(bed, 'aws_iam_role_policy_attachment').id);

    const changes = await world.plan();

    expect(changes.map(({ type, change }) => `${type} ${change.actions.join('-')}`).sort()).toEqual([
      'aws_eks_node_group update',
      'aws_iam_role_policy_attachment create',
      'aws_route create',
      'aws_subnet update',
    ]);
    await world.must('apply', '-no-color', '-auto-approve');
    expect(actionLines(await world.plan())).toEqual([]);
    expect(
      bed.account().some(({ type, attributes }) => type === 'aws_route' && attributes['route_table_id'] === table['route_table_id']),
    ).toBe(true);
  });

  it('changes in place what can be, and in the right order', async () => {
    world.setVariables({ kubernetes_version: '1.34', nat_gateways: 'per_zone' });
    const lines = actionLines(await world.plan());
    expect(lines).toContain('module.eks.aws_eks_cluster.this update');
    expect(lines).toContain('module.eks.aws_eks_node_group.pool["workers"] update');
    expect(lines.filter((line) => /delete|replace/.test(line))).toEqual([]);

    await world.must('apply', '-no-color', '-auto-approve');
    const updates = bed.calls().filter(({ operation, what }) => operation === 'update' && /eks_(cluster|node_group)/.test(what));
    expect(updates.slice(-2).map(({ what }) => what)).toEqual(['aws_eks_cluster', 'aws_eks_node_group']);
    expect(actionLines(await world.plan())).toEqual([]);
  });

  it('says what forces a replacement, and replaces a pool before it takes the old one away', async () => {
    world.setVariables({ kubernetes_version: '1.34', nat_gateways: 'per_zone', instance_types: ['m5.large'] });
    const pool = (await world.plan()).find(({ type }) => type === 'aws_eks_node_group');
    expect(pool?.change.actions).toEqual(['create', 'delete']);
    expect(pool?.change.replace_paths).toEqual(expect.arrayContaining([['instance_types'], ['node_group_name']]));

    const old = byType(bed, 'aws_eks_node_group').id;
    await world.must('apply', '-no-color', '-auto-approve');
    const calls = bed
      .calls()
      .filter(({ what, operation }) => what === 'aws_eks_node_group' && (operation === 'create' || operation === 'delete'));
    expect(calls.slice(-2).map(({ operation, id }) => [operation, id])).toEqual([
      ['create', undefined],
      ['delete', old],
    ]);
    expect(actionLines(await world.plan())).toEqual([]);
  });

  it('takes back by import what was forgotten, without a change', async () => {
    const forgotten = {
      'module.network.aws_vpc.this': byType(bed, 'aws_vpc').attributes,
      'module.eks.aws_eks_cluster.this': byType(bed, 'aws_eks_cluster').attributes,
    };
    const vpcId = bed.account().find(({ type, origin }) => type === 'aws_vpc' && origin === 'provider')?.id ?? '';
    for (const address of Object.keys(forgotten)) await world.must('state', 'rm', address);
    await world.must('import', '-no-color', 'module.network.aws_vpc.this', vpcId);
    await world.must('import', '-no-color', 'module.eks.aws_eks_cluster.this', 'world');
    expect((await world.plan()).map(({ address, change: { before, after } }) => [address, differingFields(before, after)])).toEqual([]);
    expect((await world.run('import', '-no-color', 'aws_vpc.none', 'vpc-0123')).code).not.toBe(0);
  });

  it('is destroyed to the last thing, and what others own stays', async () => {
    await world.must('destroy', '-no-color', '-auto-approve');
    expect(
      bed
        .account()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...foreign].sort());
  });
});

function differingFields(before: WorldChange['change']['before'], after: WorldChange['change']['after']): readonly string[] {
  const names = Object.keys({ ...before, ...after });
  return names
    .filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name]))
    .map((name) => `${name}: ${JSON.stringify(before?.[name])} -> ${JSON.stringify(after?.[name])}`);
}
