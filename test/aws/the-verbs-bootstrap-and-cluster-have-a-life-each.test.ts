/** The two example files, by the verbs that are named after them, on the test bed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { createSandbox, REPOSITORY, type Sandbox, type SlipwayResult } from '../support/slipway.ts';

const example = (path: string): string => readFileSync(join(REPOSITORY, 'examples', 'aws', path), 'utf8');

describe('two files and two people', () => {
  let bed: AwsBed;
  let sandbox: Sandbox;
  let ids: Readonly<Record<string, string>> = {};

  beforeAll(async () => {
    bed = await createAwsBed({ region: 'eu-central-1' });
    sandbox = createSandbox();
    // Keys of people come from a forge, which tests do not ask.
    const bootstrap = example('bootstrap/bootstrap.yaml').replace(
      '{github: octocat}',
      '{keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl jane"]}',
    );
    sandbox.put({ 'bootstrap.yaml': bootstrap, 'cluster/cluster.yaml': example('cluster/cluster.yaml').replace('wait: 10m', 'wait: 0s') });
  });

  afterAll(async () => {
    await sandbox?.remove();
    await bed?.close();
  });

  const run = (...args: readonly string[]): Promise<SlipwayResult> => sandbox.run(args, { env: { ...bed.env, ...ids } });
  const made = (): readonly string[] => bed.account().map(({ type }) => type);

  it('bootstrap init checks, and makes nothing', async () => {
    const { code, stdout } = await run('bootstrap', 'init', '--config', 'bootstrap.yaml');
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('slipway bootstrap update --config bootstrap.yaml'),
    });
    expect(made()).toEqual([]);
    expect(await run('cluster', 'init', '--config', 'bootstrap.yaml')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('SLW-CLI-010'),
    });
  });

  it('bootstrap update makes the network, and says what the other file needs', async () => {
    const { code, stdout, stderr } = await run('bootstrap', 'update', '--config', 'bootstrap.yaml', '--yes');
    expect(code, stderr).toBe(0);
    const [, vpc = '', subnets = ''] = /demo: (vpc-\w+), private subnets ([\w, -]+), public/.exec(stdout) ?? [];
    ids = { VPC_ID: vpc, SUBNET_IDS: subnets.replaceAll(' ', '') };
    expect(vpc).not.toBe('');
    expect(stderr).toContain('SLW-TOF-019');
  });

  it('cluster update makes the cluster in it, up to the private API', async () => {
    const { code, stderr } = await run('cluster', 'update', '--config', 'cluster', '--yes', '-f', 'x').catch(() => ({
      code: -1,
      stderr: '',
    }));
    expect([code, stderr.includes('SLW-CLI-002')]).toEqual([64, true]);
    const update = await run('cluster', 'update', '--config', 'cluster/cluster.yaml', '--yes');
    expect(update, update.stderr).toMatchObject({ code: 75 });
    expect(made()).toContain('aws_eks_cluster');
  });

  it('both go, each with its own verb', async () => {
    expect(await run('cluster', 'destroy', '--config', 'cluster/cluster.yaml')).toMatchObject({
      code: 64,
      stderr: expect.stringContaining('SLW-CLI-004'),
    });
    const cluster = await run('cluster', 'destroy', '--config', 'cluster/cluster.yaml', '--confirm', 'demo');
    expect(cluster.code, cluster.stderr).toBe(0);
    expect(made()).not.toContain('aws_eks_cluster');
    const network = await run('bootstrap', 'destroy', '--config', 'bootstrap.yaml', '--confirm', 'demo');
    expect(network.code, network.stderr).toBe(0);
    expect(made()).toEqual([]);
  });
});
