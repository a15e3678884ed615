import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Canaries,
  canariesIn,
  canaryToken,
  type CommandRecorder,
  createSshKey,
  type ProcessSpy,
  recordCommands,
  spyOnProcesses,
} from '../support/canaries.ts';
import { connect } from '../support/project-world.ts';
import { createSandbox, type Sandbox, type SlipwayResult, succeed } from '../support/slipway.ts';
import { createAgeKey, sealSecret } from '../support/sops.ts';
import { files } from '../support/world.ts';

const age = createAgeKey();
let sandbox: Sandbox;
let refusing: Server;
let canaries: Canaries = {};
let commands: CommandRecorder;
let spy: ProcessSpy;
const said: { readonly args: string; readonly result: SlipwayResult }[] = [];

beforeAll(async () => {
  refusing = createServer((_request, response) => response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end('denied'));
  await new Promise<void>((resolve) => refusing.listen(0, '127.0.0.1', resolve));
  const { port } = refusing.address() as AddressInfo;
  sandbox = createSandbox();
  canaries = {
    webToken: canaryToken('web'),
    registryPassword: canaryToken('registry'),
    clusterToken: canaryToken('cluster'),
    sealed: canaryToken('sealed'),
    ageKey: age.secret,
    sshKey: createSshKey(join(sandbox.project, 'id_ed25519')),
  };
  commands = recordCommands(sandbox.dir, ['git', 'ssh', 'ssh-keygen', 'go', 'node', 'sync', 'env']);
  sandbox.put({
    'slipway.yaml': project(port),
    'registry-password': `${canaries['registryPassword']}\n`,
    'there/slipway.yaml': existing,
    'there/kubeconfig': kubeconfig(port),
    'fleet/settings.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings, namespace: default}\ndata: {a: b}\n',
    'fleet/secret.yaml': sealSecret(age, { name: 'sealed', namespace: 'default', data: { password: canaries['sealed'] ?? '' } }),
  });
  spy = spyOnProcesses(canaries);
});
afterAll(async () => {
  spy.stop();
  refusing.close();
  await sandbox.remove();
});

const remotes = (port: number): string => `
      web:
        git: {url: "http://127.0.0.1:${port}/web.git", auth: {token: {env: WEB_TOKEN}}}
        kustomizations: {web: {path: ./}}
      code:
        git:
          url: ssh://git@127.0.0.1:${port}/code.git
          auth: {ssh: {knownHosts: "[127.0.0.1]:${port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGJ7mXIkUkT6L7mXIkUkT6L7mXIkUkT6L7mXIkUkT6L7", privateKey: {file: ./id_ed25519}}}
        kustomizations: {code: {path: ./}}
      charts:
        oci: {url: "oci://127.0.0.1:${port}/charts", insecure: true, auth: {username: robot, password: {file: ./registry-password}}}
        kustomizations: {charts: {path: ./}}`;

const project = (port?: number): string => `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: demo}
spec:
  provisioner: local
  gitops:
    repositories:
      fleet:
        git: {url: ./fleet}
        kustomizations: {fleet: {path: ./, decryption: {sops: {age: {env: AGE_KEY}}}}}${port === undefined ? '' : remotes(port)}
`;
const existing = `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: there}
spec: {provisioner: existing, existing: {kubeconfig: {file: ./kubeconfig}}}
`;
const kubeconfig = (port: number): string =>
  `apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: "http://127.0.0.1:${port}"}}]\nusers: [{name: u, user: {token: ${canaries['clusterToken']}}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n`;

async function say(line: string, folder = ''): Promise<SlipwayResult> {
  const env = {
    WEB_TOKEN: canaries['webToken'],
    AGE_KEY: canaries['ageKey'],
    THERE: join(sandbox.project, 'there', 'kubeconfig'),
    PATH: commands.path,
  };
  const result = await sandbox.run(line.split(' '), { cwd: join(sandbox.project, folder), env });
  said.push({ args: `${folder} ${line}`, result });
  return result;
}

const leaks = (): readonly string[] =>
  said.flatMap(({ args, result }) =>
    canariesIn(result.stdout + result.stderr, canaries).map((found) => `${found} in the output of ${args}`),
  );

describe('planted tokens, SSH keys, age keys and kubeconfig tokens', () => {
  it('are refused as literals without being repeated', async () => {
    const literal = project(1)
      .replaceAll('{env: WEB_TOKEN}', canaries['webToken'] ?? '')
      .replaceAll('{env: AGE_KEY}', canaries['ageKey'] ?? '')
      .replace('{file: ./registry-password}', `"${canaries['registryPassword']}"`);
    sandbox.put({ 'literal/slipway.yaml': literal });
    for (const mode of ['plain', 'json']) {
      const { code, stdout, stderr } = await say(`validate -v --output ${mode}`, 'literal');
      expect(code).toBe(65);
      expect(stdout + stderr).toContain('SLW-CFG');
    }
    expect(leaks()).toEqual([]);
  });

  it('do not show in any verb of a project whose servers refuse them', async () => {
    await say('validate');
    await say('plan -v --output plain');
    await say(`plan -v --output json --out ${join(sandbox.dir, 'plan.json')}`);
    for (const mode of ['plain', 'json', 'tty']) {
      const { code, stdout, stderr } = await say(`up --yes -v --timeout 10s --output ${mode}`);
      expect(code, stdout + stderr).not.toBe(0);
      expect(stdout + stderr).toMatch(/GitRepository\/flux-system\/(web|code)|OCIRepository\/flux-system\/charts/);
    }
    expect(leaks()).toEqual([]);
    expect(canariesIn(readFileSync(join(sandbox.dir, 'plan.json'), 'utf8'), canaries)).toEqual([]);
    expect(statSync(join(sandbox.dir, 'plan.json')).mode & 0o777).toBe(0o600);
  });

  it('do not show when a cluster refuses its token', async () => {
    for (const verb of [
      'validate -v',
      'plan -v',
      'up --yes -v --timeout 3s',
      'status -v',
      'plan --output json',
      'up --yes --output json --timeout 3s',
      'down --confirm there',
    ])
      await say(verb, 'there');
    expect(said.some(({ args, result }) => args.startsWith('there up') && result.code !== 0 && result.stderr.includes('SLW-KUB-004'))).toBe(
      true,
    );
    expect(leaks()).toEqual([]);
  });

  it('do not show in the verbs that look', async () => {
    for (const verb of [
      'status -v',
      'status --output json',
      'journal show',
      'journal show --output plain',
      'journal verify',
      'doctor',
      'logs demo --tail 1000',
      'kubeconfig',
      'toolchain list',
    ])
      await say(verb);
    expect(leaks()).toEqual([]);
  });

  it('do their work where they are right: the sealed Secret is opened', async () => {
    writeFileSync(join(sandbox.project, 'slipway.yaml'), project());
    const up = await say('up --yes -v --confirm demo');
    expect(up.code, up.stderr).toBe(0);
    expect((await say('plan --detailed-exitcode')).code).toBe(0);
    const client = await connect(sandbox, 'demo');
    const opened = await client.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'default', name: 'sealed' });
    await client.close();
    expect(Buffer.from((opened?.['data'] as { readonly password: string } | undefined)?.password ?? '', 'base64').toString()).toBe(
      canaries['sealed'],
    );
    expect(leaks()).toEqual([]);
  });

  it('are in no file of the state but the database of the cluster, and every file is private', () => {
    const state = join(sandbox.project, '.slipway');
    const found = files(state, { skip: (path) => /(^|\/)etcd$/.test(path), content: () => true });
    const names = Object.keys(found);
    expect(names).toEqual(
      expect.arrayContaining([
        'demo/journal.db',
        'demo/clusters/demo/logs/kube-apiserver.log',
        'demo/clusters/demo/git/logs/git-server.log',
      ]),
    );
    expect(names.some((name) => /source-controller.*\.log$/.test(name))).toBe(true);
    const leaked = names
      .filter((name) => !name.endsWith('/'))
      .flatMap((name) => canariesIn(readFileSync(join(state, name), 'latin1'), canaries).map((what) => `${what} in ${name}`));
    expect(leaked).toEqual([]);
    const open = names.filter(
      (name) => statSync(join(state, name)).mode & 0o077 && !/^\.gitignore$|\/data\/|\/tmp\/|fleet\.git|\.crt$|\.pub$/.test(name),
    );
    expect(open).toEqual([]);
    expect((statSync(join(state, 'demo')).mode & 0o777).toString(8)).toBe('700');
    const register = join(sandbox.dir, 'xdg-state', 'slipway');
    const records = files(register, { skip: () => false, content: () => true });
    expect(canariesIn(JSON.stringify(records), canaries)).toEqual([]);
    expect(Object.keys(records).filter((name) => statSync(join(register, name)).mode & 0o077)).toEqual([]);
  });

  it('are in argv and environment of no process, before and after down', async () => {
    await succeed(sandbox, ['down', '--confirm', 'demo']);
    spy.stop();
    expect(spy.sightings).toEqual([]);
    expect([...spy.programs]).toEqual(expect.arrayContaining(['etcd', 'kube-apiserver', 'source-controller', 'kustomize-controller']));
    expect(canariesIn(commands.calls(), canaries)).toEqual([]);
    expect(commands.saw('git')).toBe(true);
  });
});
