/** The `vpn` block is taken out of a network and put back, by the command line on the test bed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AWS_NETWORK, type AwsProject, openAwsProject } from '../support/aws-project-run.ts';
import type { SlipwayResult } from '../support/slipway.ts';

const VPN = '  vpn: {clientsCidr: 192.168.200.0/24}\n';
/** Of the VPN alone: its hosts, its identity. */
const OF_VPN = ['aws_autoscaling_group', 'aws_launch_template', 'aws_s3_bucket', 'aws_kms_key'];

describe('a VPN that is not wanted any more', () => {
  let project: AwsProject;

  beforeAll(async () => {
    project = await openAwsProject({}, AWS_NETWORK + VPN);
  });
  afterAll(async () => project?.close());

  const must = async (...args: readonly string[]): Promise<SlipwayResult> => {
    const result = await project.run(args);
    if (result.code !== 0) throw new Error(`slipway ${args.join(' ')} exited ${result.code}:\n${result.stdout}\n${result.stderr}`);
    return result;
  };
  const made = (types: readonly string[]): readonly string[] =>
    project
      .made()
      .flatMap(({ type }) => (types.includes(type) ? [type] : []))
      .sort();

  it('goes with its hosts and its identity once the name is typed, and the network is what it was', async () => {
    await must('up', '--yes');
    expect(new Set(made(OF_VPN))).toEqual(new Set(OF_VPN));
    const vpc = made(['aws_vpc', 'aws_subnet', 'aws_nat_gateway']);
    await must('vpn', 'client', 'add', 'jane');

    project.sandbox.put({ 'slipway.yaml': AWS_NETWORK });
    expect((await project.run(['up', '--yes'])).code).not.toBe(0);
    expect(new Set(made(OF_VPN))).toEqual(new Set(OF_VPN));
    await must('up', '--yes', '--confirm', 'main');
    expect(made(OF_VPN)).toEqual([]);
    expect(made(['aws_vpc', 'aws_subnet', 'aws_nat_gateway'])).toEqual(vpc);
    expect((await project.run(['plan', '--detailed-exitcode'])).code).toBe(0);
  });

  it('comes back as another one', async () => {
    project.sandbox.put({ 'slipway.yaml': AWS_NETWORK + VPN });
    await must('up', '--yes');
    expect((await must('vpn', 'client', 'list')).stdout).not.toContain('jane');
    expect((await project.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    await must('down', '--confirm', 'acme');
    expect(project.made()).toEqual([]);
  });
});
