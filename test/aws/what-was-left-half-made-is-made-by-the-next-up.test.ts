/**
 * Creations that failed after the thing was there. Told with the error, it is tainted, and under a pool with create_before_destroy its
 * replacement would meet its own name; not told at all, it is in no state. `up` goes on by itself in both cases, and a pool that
 * serves is not touched before its successor is there.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FaultEffect } from '../support/aws-bed.ts';
import { type AwsProject, awsProject, downToNothing, openAwsProject, upUntilMade } from '../support/aws-project-run.ts';
import { inventory } from '../support/aws-world.ts';

/** Of each type the first creation that no fault has met before. */
const FAULTS: readonly (readonly [type: string, effect: FaultEffect])[] = [
  ...['aws_vpc', 'aws_iam_role', 'aws_cloudwatch_log_group', 'aws_eks_cluster', 'aws_launch_template', 'aws_eks_node_group'].map(
    (type) => [type, 'partial'] as const,
  ),
  ...['aws_subnet', 'aws_route', 'aws_iam_role_policy_attachment', 'aws_security_group'].map((type) => [type, 'lost'] as const),
  ['aws_iam_role', 'lost'],
  ['aws_eks_node_group', 'crash-after'],
  ['aws_eip', 'crash-after'],
];

describe('what was left half made', () => {
  let project: AwsProject;
  let foreign: string;
  let whole: Readonly<Record<string, number>>;

  beforeAll(async () => {
    project = await openAwsProject();
    foreign = project.bed.plant('aws_vpc', { cidr_block: '10.0.0.0/16', tags: { Name: 'acme-main' } });
  });

  afterAll(async () => {
    await project?.close();
  });

  const pools = () => project.made().filter(({ type }) => type === 'aws_eks_node_group');
  const poolCalls = () =>
    project.bed
      .calls()
      .filter(({ what, operation }) => what === 'aws_eks_node_group' && (operation === 'create' || operation === 'delete'))
      .map(({ operation }) => operation);

  it('is made by up itself, each thing once', async () => {
    const faults = FAULTS.map(([type, effect]) => [`${type} ${effect}`, project.bed.fault({ type, operation: 'create', effect })] as const);
    await upUntilMade(project, 6);
    expect(faults.filter(([, fault]) => fault.hits() !== 1).map(([name]) => name)).toEqual([]);
    whole = inventory(project.made());
    expect(whole).toMatchObject({ 'aws_vpc provider': 1, 'aws_eks_cluster provider': 1, 'aws_eks_node_group provider': 1 });
  });

  it('does not take the pool along that it was to replace', async () => {
    const before = poolCalls().length;
    project.sandbox.put({ 'slipway.yaml': awsProject({ instanceTypes: 'm7i.large, m6i.large' }) });
    project.bed.fault({ type: 'aws_eks_node_group', operation: 'create', effect: 'partial' });
    expect(await upUntilMade(project, 2, ['--confirm', 'prod'])).toBe(1);
    expect(poolCalls().slice(before)).toEqual(['create', 'delete', 'create', 'delete']);
    expect(pools().map(({ attributes }) => attributes['instance_types'])).toEqual([['m7i.large', 'm6i.large']]);
    expect(inventory(project.made())).toEqual(whole);
  });

  it('finds the pool that was made and not told, beside the one that serves', async () => {
    const before = poolCalls().length;
    project.sandbox.put({ 'slipway.yaml': awsProject({ instanceTypes: 'm6i.large' }) });
    project.bed.fault({ type: 'aws_eks_node_group', operation: 'create', effect: 'crash-after' });
    await upUntilMade(project, 2, ['--confirm', 'prod']);
    expect(poolCalls().slice(before)).toEqual(['create', 'delete']);
    expect(inventory(project.made())).toEqual(whole);
  });

  it('leaves nothing behind, and touches nothing foreign', async () => {
    await downToNothing(project);
    expect(project.bed.account().map(({ id }) => id)).toEqual([foreign]);
  });
});
