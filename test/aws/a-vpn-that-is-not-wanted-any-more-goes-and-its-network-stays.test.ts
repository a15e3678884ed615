/** The `vpn` block is taken out of a network and put back, by the command line on the test bed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { createSandbox, type Sandbox, type SlipwayResult } from '../support/slipway.ts';

const project = (vpn: string): string => `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: acme}
spec: {}
---
apiVersion: slipway.dev/v1alpha1
kind: Network
metadata: {name: main}
spec:
  provider: aws
  aws: {region: eu-west-1, accountId: "123456789012"}
  cidr: 10.0.0.0/16
${vpn}`;
const VPN = '  vpn: {clientsCidr: 192.168.200.0/24}\n';
/** Of the VPN alone: its hosts, its identity. */
const OF_VPN = ['aws_autoscaling_group', 'aws_launch_template', 'aws_s3_bucket', 'aws_kms_key'];

describe('a VPN that is not wanted any more', () => {
  let bed: AwsBed;
  let sandbox: Sandbox;

  beforeAll(async () => {
    bed = await createAwsBed();
    sandbox = createSandbox({ files: { 'slipway.yaml': project(VPN) } });
  });

  afterAll(async () => {
    await sandbox?.remove();
    await bed?.close();
  });

  const run = (...args: readonly string[]): Promise<SlipwayResult> => sandbox.run(args, { env: bed.env });
  const must = async (...args: readonly string[]): Promise<SlipwayResult> => {
    const result = await run(...args);
    if (result.code !== 0) throw new Error(`slipway ${args.join(' ')} exited ${result.code}:\n${result.stdout}\n${result.stderr}`);
    return result;
  };
  const made = (types: readonly string[]): readonly string[] =>
    bed
      .account()
      .flatMap(({ type }) => (types.includes(type) ? [type] : []))
      .sort();

  it('goes with its hosts and its identity once the name is typed, and the network is what it was', async () => {
    await must('up', '--yes');
    expect(new Set(made(OF_VPN))).toEqual(new Set(OF_VPN));
    const vpc = made(['aws_vpc', 'aws_subnet', 'aws_nat_gateway']);
    await must('vpn', 'client', 'add', 'jane');

    sandbox.put({ 'slipway.yaml': project('') });
    expect((await run('up', '--yes')).code).not.toBe(0);
    expect(new Set(made(OF_VPN))).toEqual(new Set(OF_VPN));
    await must('up', '--yes', '--confirm', 'main');
    expect(made(OF_VPN)).toEqual([]);
    expect(made(['aws_vpc', 'aws_subnet', 'aws_nat_gateway'])).toEqual(vpc);
    expect((await run('plan', '--detailed-exitcode')).code).toBe(0);
  });

  it('comes back as another one', async () => {
    sandbox.put({ 'slipway.yaml': project(VPN) });
    await must('up', '--yes');
    expect((await must('vpn', 'client', 'list')).stdout).not.toContain('jane');
    expect((await run('plan', '--detailed-exitcode')).code).toBe(0);
    await must('down', '--confirm', 'acme');
    expect(bed.account().filter(({ origin }) => origin !== 'planted')).toEqual([]);
  });
});
