/** Network, VPN and EKS cluster of one project, by the command line on the test bed; the cluster's API is a real API server. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { type AwsBed, createAwsBed } from '../support/aws-bed.ts';
import { type EksApi, startEksApi } from '../support/eks-api.ts';
import { type ExistingCluster, startExistingCluster } from '../support/existing-cluster.ts';
import { type GitHttps, startGitHttps } from '../support/git-https.ts';
import { createSandbox, type Sandbox, type SlipwayResult } from '../support/slipway.ts';

const TOKEN = 'a-token-of-the-git-server';
const RECORD = '#!/bin/sh\necho "$SLIPWAY_MOMENT $SLIPWAY_SUBJECT" >> "$(dirname "$0")/said"\n';

const project = (git: string, { version = '1.33', pools = 'infra: {minSize: 1}' } = {}): string => `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: acme}
spec:
  state: {backend: s3, s3: {region: eu-west-1}}
---
apiVersion: slipway.dev/v1alpha1
kind: Network
metadata: {name: main}
spec:
  provider: aws
  aws: {region: eu-west-1, accountId: "123456789012"}
  cidr: 10.0.0.0/16
  vpn:
    clientsCidr: 192.168.200.0/24
    sshUsers: {jane: {keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl jane"]}}
  hooks:
    afterCreate: [{name: tell, run: ./tell.sh}]
    beforeDestroy: [{name: tell, run: ./tell.sh}]
---
apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: prod}
spec:
  provisioner: eks
  eks:
    region: eu-west-1
    version: "${version}"
    network: {vpcId: {output: Network/main.vpcId}, subnetIds: {output: Network/main.privateSubnetIds}}
    dmzCidrs: [10.0.0.0/16]
    nodePools: {${pools}}
    awsAuth: {users: [{userArn: "arn:aws:iam::123456789012:user/jane", username: jane, groups: ["system:masters"]}]}
  gitops:
    repositories:
      fleet:
        git: {url: ${git}/fleet, auth: {token: {env: GIT_TOKEN}}, caBundle: {file: ./git-ca.pem}}
        kustomizations:
          apps: {path: ./apps}
`;

describe('a project on AWS', () => {
  let cluster: ExistingCluster;
  let api: EksApi;
  let bed: AwsBed;
  let git: GitHttps;
  let sandbox: Sandbox;
  let foreign: string;

  beforeAll(async () => {
    cluster = await startExistingCluster();
    api = await startEksApi(parse(cluster.kubeconfig) as Parameters<typeof startEksApi>[0], 'prod');
    bed = await createAwsBed({ clusterApi: api });
    foreign = bed.plant('aws_vpc', { cidr_block: '10.0.0.0/16', tags: { Name: 'main' } });
    sandbox = createSandbox();
    git = await startGitHttps(join(sandbox.dir, 'tls'), makeRepository(sandbox.dir), TOKEN);
    sandbox.put({ 'slipway.yaml': project(git.url), 'git-ca.pem': git.ca });
    writeFileSync(join(sandbox.project, 'tell.sh'), RECORD, { mode: 0o755 });
  }, 300_000);

  afterAll(async () => {
    git?.close();
    await sandbox?.remove();
    await bed?.close();
    api?.close();
    await cluster?.stop();
  });

  const run = (...args: readonly string[]): Promise<SlipwayResult> => sandbox.run(args, { env: { ...bed.env, GIT_TOKEN: TOKEN } });
  const must = async (...args: readonly string[]): Promise<SlipwayResult> => {
    const result = await run(...args);
    if (result.code !== 0) throw new Error(`slipway ${args.join(' ')} exited ${result.code}:\n${result.stdout}\n${result.stderr}`);
    return result;
  };
  const said = (): string => readFileSync(join(sandbox.project, 'said'), 'utf8');

  it('is planned before there is anything, to the number of its resources', async () => {
    const { stdout } = await must('plan');
    expect(stdout).toMatch(/make the network main/);
    expect(stdout).toMatch(/1 aws_eks_cluster/);
    expect(bed.account().filter(({ origin }) => origin !== 'planted')).toEqual([]);
  });

  it('is made up to the private API, and says what is missing there', async () => {
    await api.setOpen(false);
    const { code, stderr } = await run('up', '--yes');
    expect(stderr).toMatch(/SLW-EKS-00[34]/);
    expect(code).toBe(75);
    expect(said()).toBe('afterCreate Network/main\n');
    await api.setOpen(true);
  });

  it('goes on from there: users, Flux, what Flux brings', async () => {
    const { stdout } = await must('up', '--yes');
    expect(stdout).toMatch(/prod: applied revision .* of fleet/);
    expect(stdout).toMatch(/main: VPN at \d/);
    expect(api.tokens.length).toBeGreaterThan(0);
    const users = await cluster.client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'kube-system', name: 'aws-auth' });
    expect(JSON.stringify(users)).toContain('user/jane');
    expect(await cluster.client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'from-git' })).toBeDefined();
  });

  it('plans nothing afterwards', async () => {
    const { code, stdout } = await run('plan', '--detailed-exitcode');
    expect({ code, stdout }).toMatchObject({ code: 0 });
    expect(said()).toBe('afterCreate Network/main\n');
  });

  it('gives and takes back profiles of its VPN', async () => {
    await must('vpn', 'client', 'add', 'jane');
    expect(readFileSync(join(sandbox.project, 'jane.ovpn'), 'utf8')).toContain('BEGIN PRIVATE KEY');
    await must('vpn', 'client', 'revoke', 'jane');
    expect((await must('vpn', 'client', 'list')).stdout).toMatch(/jane {2}revoked/);
    expect((await must('status', '--output', 'plain')).stdout).toContain('VpnIdentity/main');
  });

  it('warns in the plan of pods of a removed pool that cannot move', async () => {
    const group = String(bed.account().find(({ type }) => type === 'aws_eks_node_group')?.attributes['node_group_name']);
    const node = { name: 'node-of-infra', labels: { 'eks.amazonaws.com/nodegroup': group } };
    await cluster.client.create({ apiVersion: 'v1', kind: 'Node', metadata: node });
    const spec = { nodeName: node.name, automountServiceAccountToken: false, containers: [{ name: 'a', image: 'a' }] };
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'alone', namespace: 'default' } };
    await cluster.client.create({ ...pod, spec });
    sandbox.put({ 'slipway.yaml': project(git.url, { pools: 'other: {minSize: 1}' }) });
    const { stdout, stderr } = await must('plan');
    expect(stdout + stderr).toMatch(/pool infra goes with 1 nodes and 1 pods; these cannot move: default\/alone \(no controller/);
    await cluster.client.delete({ ...pod, ...pod.metadata }, { gracePeriodSeconds: 0 });
    await cluster.client.delete({ apiVersion: 'v1', kind: 'Node', name: node.name });
    sandbox.put({ 'slipway.yaml': project(git.url) });
  });

  it('is upgraded by one minor version, refuses two, and names what a removed pool costs', async () => {
    sandbox.put({ 'slipway.yaml': project(git.url, { version: '1.36' }) });
    expect(await run('plan')).toMatchObject({ code: 65, stderr: expect.stringContaining('SLW-EKS-007') });
    sandbox.put({ 'slipway.yaml': project(git.url, { version: '1.34' }) });
    await must('up', '--yes');
    expect(bed.account().find(({ type }) => type === 'aws_eks_cluster')?.attributes['version']).toBe('1.34');
    sandbox.put({ 'slipway.yaml': project(git.url, { version: '1.34', pools: 'other: {minSize: 1}' }) });
    expect(await run('up', '--yes')).toMatchObject({ code: 64, stderr: expect.stringContaining('SLW-CLI-004') });
    await must('up', '--confirm', 'prod');
  });

  it('goes and leaves nothing, and nothing foreign is touched', async () => {
    await must('down', '--confirm', 'acme');
    expect(said()).toBe('afterCreate Network/main\nbeforeDestroy Network/main\n');
    expect(bed.account().map(({ type, id }) => `${type} ${id}`)).toEqual([`aws_vpc ${foreign}`]);
  });
});

/** A repository with one ConfigMap, below the folder that the Git server serves. */
function makeRepository(dir: string): string {
  const root = join(dir, 'repositories');
  const folder = join(root, 'fleet');
  mkdirSync(join(folder, 'apps'), { recursive: true });
  writeFileSync(join(folder, 'apps', 'map.yaml'), 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-git, namespace: default}\n');
  const run = (...args: readonly string[]): unknown => execFileSync('git', args, { cwd: folder, stdio: 'ignore' });
  run('init', '-b', 'main');
  run('add', '.');
  run('-c', 'user.name=a', '-c', 'user.email=a@example.org', 'commit', '-m', 'first');
  return root;
}
