/** A load balancer that a controller made holds the network: destroy fails as on AWS, the sweep clears the way by proof, and then it goes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Aws, connectAws } from '../../src/aws/aws.ts';
import { sweepLeftovers } from '../../src/aws/leftovers.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { type AwsWorld, byType, openAwsWorld } from '../support/aws-world.ts';

const HCL = `
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
resource "aws_vpc" "main" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_subnet" "one" {
  for_each          = { a = "10.0.0.0/24", b = "10.0.1.0/24" }
  vpc_id            = aws_vpc.main.id
  cidr_block        = each.value
  availability_zone = "eu-west-1\${each.key}"
}
resource "aws_security_group" "nodes" {
  name   = "nodes"
  vpc_id = aws_vpc.main.id
  tags   = { "kubernetes.io/cluster/demo" = "owned", "slipway.dev/managed-by" = "slipway" }
}
`;

describe('a cluster that is gone', () => {
  let bed: AwsBed;
  let world: AwsWorld;
  let aws: Aws;
  let foreign: readonly string[];
  const { signal } = new AbortController();

  beforeAll(async () => {
    bed = await createAwsBed();
    world = await openAwsWorld(bed, HCL);
    await world.must('apply', '-no-color', '-auto-approve');
    const real = createNodeHost();
    const host: Host = { ...real, env: { ...real.env, get: (name) => bed.env[name] ?? real.env.get(name) } };
    aws = connectAws(host, { region: bed.region });
    foreign = [
      bed.plant('aws_ebs_volume', {
        availability_zone: 'eu-west-1a',
        size: 1,
        tags: { 'kubernetes.io/cluster/demo-2': 'owned', CSIVolumeName: 'x' },
      }),
      bed.plant('aws_lb_target_group', { name: 'k8s-demo', tags: { 'elbv2.k8s.aws/cluster': 'demo-2' } }),
    ];
    plantLeftovers();
  });

  afterAll(async () => {
    aws?.close();
    world?.close();
    await bed?.close();
  });

  function plantLeftovers(): void {
    const vpc = byType(bed, 'aws_vpc').id;
    const subnets = bed
      .account()
      .filter(({ type }) => type === 'aws_subnet')
      .map(({ id }) => id);
    const owned = { 'kubernetes.io/cluster/demo': 'owned' };
    const group = bed.plant('aws_security_group', { name: 'k8s-elb-web', vpc_id: vpc, tags: owned });
    bed.plant('aws_vpc_security_group_ingress_rule', {
      security_group_id: byType(bed, 'aws_security_group').id,
      referenced_security_group_id: group,
      ip_protocol: 'tcp',
      from_port: 80,
      to_port: 80,
    });
    bed.plant('aws_lb', {
      name: 'k8s-web',
      load_balancer_type: 'network',
      subnets,
      security_groups: [group],
      tags: { 'elbv2.k8s.aws/cluster': 'demo' },
    });
    bed.plant('aws_elb', { name: 'classic', subnets, vpc_id: vpc, tags: owned });
    bed.plant('aws_lb_target_group', { name: 'k8s-web', vpc_id: vpc, tags: { 'elbv2.k8s.aws/cluster': 'demo' } });
    bed.plant('aws_ebs_volume', {
      availability_zone: 'eu-west-1a',
      size: 1,
      tags: { ...owned, 'kubernetes.io/created-for/pvc/name': 'data' },
    });
    bed.plant('aws_ebs_snapshot', { tags: { ...owned, CSIVolumeSnapshotName: 's' } });
  }

  it('leaves a network that does not go', async () => {
    const { code, output } = await world.run('destroy', '-no-color', '-auto-approve', '-target=aws_subnet.one');
    expect(code).toBe(1);
    expect(output).toContain('DependencyViolation');
  });

  it('is swept, and then it goes, and what others own stays', async () => {
    const vpcId = byType(bed, 'aws_vpc').id;
    const swept = await sweepLeftovers(aws, { cluster: 'demo', vpcId, managed: new Set() }, { timeoutMs: 60_000, signal });
    expect(swept.map(({ kind }) => kind).sort()).toEqual([
      'classic-load-balancer',
      'load-balancer',
      'security-group',
      'snapshot',
      'target-group',
      'volume',
    ]);
    expect(bed.account().some(({ type }) => type === 'aws_security_group')).toBe(true);

    await world.must('destroy', '-no-color', '-auto-approve');
    expect(
      bed
        .account()
        .map(({ id }) => id)
        .sort(),
    ).toEqual([...foreign].sort());
  });
});
