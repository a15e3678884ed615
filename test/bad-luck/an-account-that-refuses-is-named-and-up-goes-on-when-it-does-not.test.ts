/** What an AWS account may answer, by the command line on the test bed: each is named with its way out, and the same command ends well afterwards. */
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AwsBed, type AwsBedOptions, createAwsBed } from '../support/aws-bed.ts';
import { createSandbox, type Sandbox, type SlipwayResult } from '../support/slipway.ts';

const HEAD = 'apiVersion: slipway.dev/v1alpha1\n';
const NETWORK = `${HEAD}kind: Network
metadata: {name: main}
spec:
  provider: aws
  aws: {region: eu-west-1}
  cidr: 10.0.0.0/16
  availabilityZones: [eu-west-1a, eu-west-1b]
  natGateways: none
`;
const cluster = (pool: string): string => `${HEAD}kind: Cluster
metadata: {name: demo}
spec:
  provisioner: eks
  eks:
    region: eu-west-1
    version: "1.34"
    network: {vpcId: {env: VPC}, subnetIds: {env: SUBNETS}}
    nodePools: {a: {${pool}}}
`;

describe('an account', () => {
  let bed: AwsBed;
  let sandbox: Sandbox;
  let ids: Readonly<Record<string, string>>;

  const open = async (options: AwsBedOptions = {}): Promise<void> => {
    await bed?.close();
    bed = await createAwsBed({ file: join(sandbox.dir, 'account.json'), ...options });
  };
  beforeEach(async () => {
    sandbox = createSandbox({ files: { 'slipway.yaml': NETWORK } });
    ids = {};
    await open();
  });
  afterEach(async () => {
    await sandbox.remove();
    await bed.close();
  });

  const run = (args: string, env: Readonly<Record<string, string | undefined>> = {}): Promise<SlipwayResult> =>
    sandbox.run(args.split(' '), { env: { ...bed.env, ...ids, ...env } });
  const types = (): readonly string[] => bed.account().map(({ type }) => type);
  /** The same command, now that nothing is in its way; nothing twice, and nothing left behind by down. */
  const endsWell = async (): Promise<void> => {
    bed.clearFaults();
    const up = await run('up --yes');
    expect(up.code, up.stderr).toBe(0);
    expect(types().filter((type) => type === 'aws_vpc')).toHaveLength(1);
    expect((await run('plan --detailed-exitcode')).code).toBe(0);
    const down = await run('down --confirm main');
    expect(down.code, down.stderr).toBe(0);
    expect(types()).toEqual([]);
  };
  const plantNetwork = (): { readonly subnet_ids: readonly string[] } => {
    const vpc = bed.plant('aws_vpc', { cidr_block: '10.9.0.0/16' });
    const subnetIds = ['a', 'b'].map((zone, index) =>
      bed.plant('aws_subnet', { vpc_id: vpc, cidr_block: `10.9.${index}.0/24`, availability_zone: `eu-west-1${zone}` }),
    );
    ids = { VPC: vpc, SUBNETS: subnetIds.join(',') };
    return { subnet_ids: subnetIds };
  };

  it('whose quota is reached', async () => {
    await open({ quotas: { vpcs: 1 } });
    const taken = bed.plant('aws_vpc', { cidr_block: '10.8.0.0/16' });
    const { code, stderr } = await run('up --yes');
    expect({ code, stderr }).toMatchObject({ code: 75, stderr: expect.stringMatching(/SLW-TOF-011[\s\S]*VpcLimitExceeded/) });
    bed.vanish('aws_vpc', taken);
    await endsWell();
  });

  it('that does not permit an action', async () => {
    bed.fault({ type: 'aws_vpc', operation: 'create', effect: 'denied', times: 99 });
    const { code, stderr } = await run('up --yes');
    expect({ code, stderr }).toMatchObject({ code: 77, stderr: expect.stringMatching(/SLW-TOF-010[\s\S]*ec2:CreateVpc/) });
    await endsWell();
  });

  it('that does not know the credentials', async () => {
    const { code, stderr } = await run('up --yes', { AWS_ACCESS_KEY_ID: 'AKIANOBODY0000000001' });
    expect({ code, stderr }).toMatchObject({ code: 77, stderr: expect.stringMatching(/SLW-AWS-003[\s\S]*environment/) });
    expect(types()).toEqual([]);
  });

  it('under which the provider crashes', async () => {
    // Nothing else is under way then: what a crash loses of that is another matter.
    const crash = bed.fault({ type: 'aws_vpc', operation: 'create', effect: 'crash-before', times: 99 });
    const { code, stderr } = await run('up --yes --timeout 10s');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining('SLW-TOF-013') });
    expect(crash.hits()).toBeGreaterThan(0);
    await endsWell();
  });

  it('to which the network is gone in the middle', async () => {
    const { port } = new URL(bed.endpoint);
    // What was asked for and not answered is another matter (a lost answer): here nothing is under way when the line is cut.
    const busy = bed.fault({ type: 'aws_subnet', operation: 'create', effect: 'throttle', times: 99 });
    const going = run('up --yes --timeout 20s');
    await busy.met;
    await bed.close();
    const { code, stderr } = await going;
    expect({ code, stderr }).toMatchObject({ code: 69, stderr: expect.stringMatching(/SLW-(?:TOF|AWS)-008/) });
    await open({ port: Number(port) });
    await endsWell();
  });

  it('in which the name is taken', async () => {
    sandbox.put({ 'slipway.yaml': cluster('minSize: 1') });
    bed.plant('aws_eks_cluster', {
      name: 'demo',
      version: '1.34',
      status: 'ACTIVE',
      vpc_config: [{ ...plantNetwork(), endpoint_private_access: true }],
    });
    const before = types();
    const { code, stderr } = await run('up --yes');
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(/SLW-TOF-012[\s\S]*demo/) });
    const down = await run('down --confirm demo');
    expect(down.code, down.stderr).toBe(0);
    expect(types()).toEqual(before);
  });

  it('whose region has no such instance type', async () => {
    sandbox.put({ 'slipway.yaml': cluster('instanceTypes: [m7i.large, m7i.huge]') });
    plantNetwork();
    const nodes = await run('plan');
    expect(nodes).toMatchObject({ code: 65, stderr: expect.stringMatching(/SLW-AWS-020: slipway\.yaml:3.*no instance type m7i\.huge,/) });
    sandbox.put({ 'slipway.yaml': `${NETWORK}  vpn: {clientsCidr: 192.168.0.0/24, instanceType: t3.tiny}\n` });
    expect(await run('plan')).toMatchObject({ code: 65, stderr: expect.stringMatching(/SLW-AWS-020[\s\S]*t3\.tiny/) });
  });
});
