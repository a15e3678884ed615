import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  configMap,
  existingProject,
  type ExistingCluster,
  objectNames,
  startExistingCluster,
  valueOf,
} from '../support/existing-cluster.ts';
import { createSandbox, type Sandbox, type SlipwayResult, succeed } from '../support/slipway.ts';

const REPOSITORIES = '{fleet: {git: {url: ./fleet}, kustomizations: {apps: {path: ./apps}}}}';

let cluster: ExistingCluster;
let sandbox: Sandbox;
let file = '';

beforeAll(async () => {
  cluster = await startExistingCluster();
  sandbox = createSandbox({ files: { 'fleet/apps/web.yaml': configMap('web') } });
  file = join(sandbox.dir, 'kubeconfig');
});
afterAll(async () => {
  await sandbox?.remove();
  await cluster?.stop();
});

/** A kubeconfig like the administrator's with other parts; JSON, which is YAML. */
function kubeconfig({ server, token }: { readonly server?: string; readonly token?: string }): string {
  const url = server ?? cluster.client.server;
  const ca = /certificate-authority-data: (\S+)/.exec(cluster.kubeconfig)?.[1];
  const users = [{ name: 'u', user: { token: token ?? 'a-token-that-nobody-knows' } }];
  const clusters = [{ name: 'c', cluster: { server: url, 'certificate-authority-data': ca } }];
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'x',
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    clusters,
    users,
  });
}

async function up(
  text: string | undefined,
  project: Parameters<typeof existingProject>[0] = { kubeconfig: `{file: ${file}}`, repositories: REPOSITORIES },
): Promise<SlipwayResult> {
  if (text !== undefined) writeFileSync(file, text, { mode: 0o600 });
  sandbox.put({ 'slipway.yaml': existingProject(project) });
  return await sandbox.run(['up', '--yes', '--timeout', '20s']);
}

async function tokenOf(name: string): Promise<string> {
  await cluster.client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace: 'default' } });
  const ref = { apiVersion: 'v1', kind: 'ServiceAccount', namespace: 'default', name };
  const answer = await cluster.client.postSubresource(ref, 'token', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: {},
  });
  return (answer['status'] as { readonly token: string }).token;
}

async function grant(name: string, resources: readonly string[], verbs: readonly string[]): Promise<void> {
  const rule = { apiGroups: ['*'], resources, verbs };
  await cluster.client.apply({ apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata: { name }, rules: [rule] });
  const subjects = [{ kind: 'ServiceAccount', name, namespace: 'default' }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  await cluster.client.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef,
    subjects,
  });
}

describe('the way to an existing cluster', () => {
  it('a file that is not there, and a variable that is not set, are said with where they are named', async () => {
    const missing = await up(undefined, { kubeconfig: '{file: ./gone.kubeconfig}', repositories: REPOSITORIES });
    expect([missing.code, missing.stderr]).toEqual([65, expect.stringMatching(/SLW-CFG-033: slipway\.yaml:6:\d+: file gone\.kubeconfig/)]);
    const unset = await up(undefined, { kubeconfig: '{env: NO_SUCH_KUBECONFIG}', repositories: REPOSITORIES });
    expect([unset.code, unset.stderr]).toEqual([65, expect.stringMatching(/SLW-CFG-032: slipway\.yaml:6:\d+: [^]*NO_SUCH_KUBECONFIG/)]);
  });

  it('a server that does not answer: exit 69', async () => {
    const { code, stderr } = await up(kubeconfig({ server: 'https://127.0.0.1:1' }));
    expect([code, stderr]).toEqual([69, expect.stringMatching(/SLW-KUB-001[^]*127\.0\.0\.1:1/)]);
  });

  it('a path of this machine, for a server elsewhere: said before anything is asked of it', async () => {
    const { code, stderr } = await up(kubeconfig({ server: 'https://cluster.example.invalid:6443' }));
    expect([code, stderr]).toEqual([65, expect.stringMatching(/SLW-EXI-001[^]*repository fleet is the path/)]);
  });

  it('credentials that are refused, and rights that are missing: exit 77 with what was tried', async () => {
    const refused = await up(kubeconfig({}));
    expect([refused.code, refused.stderr]).toEqual([77, expect.stringContaining('SLW-KUB-004')]);
    const token = await tokenOf('guest');
    const blind = await up(kubeconfig({ token }));
    expect([blind.code, blind.stderr]).toEqual([77, expect.stringMatching(/SLW-KUB-005[^]*get[^]*namespaces/)]);
    await grant('guest', ['*'], ['get', 'list', 'watch']);
    const reader = await up(kubeconfig({ token }));
    expect([reader.code, reader.stderr]).toEqual([77, expect.stringMatching(/SLW-KUB-005[^]*(patch|create)[^]*namespaces/)]);
    expect(`${blind.stderr}${reader.stderr}${reader.stdout}`).not.toContain(token);
    expect(await cluster.client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'flux-system' })).toBeUndefined();
  });
});

describe('a cluster whose nodes do not run Flux', () => {
  it('is named by the pod of the controller, by up and by status, and goes on once they do', async () => {
    await cluster.stopKubelet();
    const { code, stderr } = await up(cluster.kubeconfig);
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/SLW-FLX-002: not settled after 20\.0s: Pod\/flux-system\/source-controller-/),
    ]);
    expect((await sandbox.run(['status'])).stdout).toMatch(/Pod\/flux-system\/source-controller-/);
    await cluster.startKubelet();
    expect((await up(undefined)).code).toBe(0);
    await succeed(sandbox, ['down', '--confirm', 'prod', '--prune']);
  });
});

describe('a kubeconfig that leads to another cluster than before', () => {
  let other: Sandbox;
  const down = (...flags: readonly string[]) => sandbox.run(['down', '--confirm', 'prod', ...flags]);
  const theirs = async (): Promise<string> => (await succeed(other, ['kubeconfig'])).stdout;

  beforeAll(async () => {
    other = createSandbox({
      files: { 'slipway.yaml': 'apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: other}\nspec: {provisioner: local}\n' },
    });
    await succeed(other, ['up', '--yes']);
  });
  afterAll(() => other?.remove());

  it('is refused by up and by down, which then goes on where it should', async () => {
    const before = await objectNames(cluster.client);
    const first = await up(cluster.kubeconfig);
    expect(first.code, first.stderr).toBe(0);
    const text = await theirs();
    for (const run of [() => up(text), () => down()]) {
      const { code, stderr } = await run();
      expect([code, stderr]).toEqual([65, expect.stringMatching(/SLW-EXI-002[^]*Cluster\/prod|SLW-EXI-002[^]*prod/)]);
    }
    expect(await valueOf(cluster.client, 'web')).toBe('one');
    writeFileSync(file, cluster.kubeconfig);
    expect((await down('--prune')).code).toBe(0);
    expect(await objectNames(cluster.client)).toEqual(before);
  });

  it('follows a kubeconfig that moved, as long as the cluster is the same', async () => {
    expect((await up(cluster.kubeconfig)).code).toBe(0);
    sandbox.put({ 'slipway.yaml': existingProject({ kubeconfig: '{env: MY_KUBECONFIG}', repositories: REPOSITORIES }) });
    const env = { MY_KUBECONFIG: cluster.kubeconfig };
    const moved = await succeed(sandbox, ['up', '--yes'], { env });
    expect(moved.stderr).toMatch(/existing\/reach-cluster\/prod update/);
    writeFileSync(file, 'gone: [');
    const lost = await sandbox.run(['down', '--confirm', 'prod']);
    expect([lost.code, lost.stderr]).toEqual([65, expect.stringMatching(/SLW-CFG-032[^]*MY_KUBECONFIG/)]);
    await succeed(sandbox, ['down', '--confirm', 'prod', '--prune'], { env });
  });

  it('is given up by --forget alone, which says what stays', async () => {
    expect((await up(cluster.kubeconfig)).code).toBe(0);
    writeFileSync(file, await theirs());
    const forgot = await down('--forget');
    expect([forgot.code, forgot.stderr]).toEqual([0, expect.stringMatching(/SLW-EXI-002[^]*forgotten and stays there/)]);
    expect(await valueOf(cluster.client, 'web')).toBe('one');
  });
});
