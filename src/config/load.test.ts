import { describe, expect, it } from 'vitest';
import { loadProject } from './load.ts';
import { createMemoryHost, hostWith } from './memory-host.ts';

const cluster = (name: string, spec = '{provisioner: local}') =>
  `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: ${name}}\nspec: ${spec}\n`;
const PROJECT = 'apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: shop}\nspec: {defaults: {timeout: 90s, parallel: 3}}\n';

const names = (project: { readonly clusters: readonly { readonly name: string }[] }) => project.clusters.map(({ name }) => name);

describe('loadProject', () => {
  it('takes name and state folder from the first document', async () => {
    const project = await loadProject(hostWith(`${cluster('demo')}---\n${cluster('other')}`), '.');
    expect(project).toMatchObject({
      name: 'demo',
      dir: '/p',
      files: ['/p/slipway.yaml'],
      stateDir: '/p/.slipway/demo',
      defaults: { timeoutMs: 300_000, parallel: 10 },
      findings: [],
    });
    expect(names(project)).toEqual(['demo', 'other']);
  });

  it('takes name and defaults from the Project document', async () => {
    const project = await loadProject(hostWith(`${PROJECT}---\n${cluster('demo')}`), '.');
    expect(project).toMatchObject({
      name: 'shop',
      stateDir: '/p/.slipway/shop',
      state: { backend: 'local' },
      defaults: { timeoutMs: 90_000, parallel: 3 },
    });
  });

  it('lets --state-dir go before state.dir before the default', async () => {
    const host = hostWith(`${PROJECT.replace('spec: {', 'spec: {state: {dir: ../state}, ')}---\n${cluster('demo')}`, { cwd: '/somewhere' });
    expect((await loadProject(host, '/p')).stateDir).toBe('/state');
    expect((await loadProject(host, '/p', { stateDir: 'mine' })).stateDir).toBe('/somewhere/mine');
  });

  it('reads slipway/*.yaml in byte order, and relative paths from the folder of their file', async () => {
    const gitops = '{provisioner: local, gitops: {repositories: {fleet: {git: {url: ./fleet}}}}}';
    const host = createMemoryHost({
      files: {
        '/p/slipway/b.yaml': cluster('b'),
        '/p/slipway/B.yaml': cluster('upper'),
        '/p/slipway/10.yaml': cluster('a', gitops),
        '/p/slipway/.hidden.yaml': 'x',
        '/p/slipway/notes.txt': 'x',
        '/p/slipway/fleet/a': '',
      },
    });
    const project = await loadProject(host, '/p');
    expect(names(project)).toEqual(['a', 'upper', 'b']);
    expect(project).toMatchObject({ name: 'a', dir: '/p', stateDir: '/p/.slipway/a' });
    expect(project.clusters[0]?.gitops?.repositories[0]?.source).toMatchObject({ address: { kind: 'path', path: '/p/slipway/fleet' } });
  });

  it('reads exactly the file that is named', async () => {
    const host = createMemoryHost({ files: { '/p/slipway.yaml': cluster('a'), '/p/prod.yml': cluster('b') } });
    expect(names(await loadProject(host, 'prod.yml'))).toEqual(['b']);
  });

  it.each([
    ['byte order mark', `\ufeff${cluster('demo')}`],
    ['CRLF', cluster('demo').replaceAll('\n', '\r\n')],
    ['anchors', cluster('demo', '\n  provisioner: &kind local\n  local: &settings {nodes: none}').replace('demo', '&name demo')],
    ['empty documents', `---\n# nothing\n---\n${cluster('demo')}---\n...\n`],
    ['JSON', '{"apiVersion": "slipway.dev/v1alpha1", "kind": "Cluster", "metadata": {"name": "demo"}, "spec": {"provisioner": "local"}}'],
    [
      'quoted words that would be traps',
      cluster('demo', '{provisioner: local, gitops: {repositories: {"on": {git: {url: ./fleet, branch: "yes", interval: 1m}}}}}'),
    ],
  ])('accepts %s', async (_title, text) => {
    expect(names(await loadProject(hostWith(text), '.'))).toEqual(['demo']);
  });

  it('finds positions through aliases, in CRLF files and behind a byte order mark', async () => {
    const text =
      '\ufeffapiVersion: slipway.dev/v1alpha1\r\nkind: Cluster\r\nmetadata: {name: demo}\r\nspec:\r\n  provisioner: local\r\n  gitops:\r\n    repositories:\r\n      a: &r\r\n        git: {url: ./fleet}\r\n      b: *r\r\n';
    const project = await loadProject(hostWith(text), '.');
    const at = (...path: string[]) => project.positionOf('Cluster/demo', path);
    expect(at('spec', 'provisioner')).toEqual({ file: 'slipway.yaml', line: 5, col: 16 });
    expect(at('spec', 'gitops', 'repositories', 'b', 'git', 'url')).toEqual({ file: 'slipway.yaml', line: 9, col: 20 });
    expect(at('apiVersion')).toEqual({ file: 'slipway.yaml', line: 1, col: 13 });
    expect(at('spec', 'local', 'nodes')).toEqual({ file: 'slipway.yaml', line: 4, col: 1 });
    expect(project.positionOf('Cluster/other', [])).toBeUndefined();
  });

  it('fills in defaults and gives every source its reference', async () => {
    const project = await loadProject(
      hostWith(
        cluster(
          'demo',
          '\n  provisioner: local\n  local: {kubernetesVersion: "1.36"}\n  gitops:\n    repositories:\n      a: {git: {url: ./fleet}}\n      b: {git: {url: https://e.example/x, tag: v1}}\n      c: {oci: {url: oci://e.example/x}}\n      d: {oci: {url: oci://e.example/x, semver: ">=1"}}',
        ),
      ),
      '.',
    );
    const [demo] = project.clusters;
    expect(demo).toMatchObject({ provisioner: 'local', local: { nodes: 'none', kubernetesVersion: '1.36.3' }, needs: [] });
    expect(demo?.gitops?.repositories.map(({ source }) => source.ref)).toEqual([
      { branch: 'main' },
      { tag: 'v1' },
      { tag: 'latest' },
      { semver: '>=1' },
    ]);
  });

  it('types every reference, and knows which clusters need each other', async () => {
    const spec =
      '\n  provisioner: existing\n  existing: {kubeconfig: {output: Cluster/mgmt.kubeconfig}}\n  gitops:\n    repositories:\n      fleet:\n        git: {url: ssh://git@e.example/x, auth: {ssh: {knownHosts: {file: known_hosts}, privateKey: {env: KEY}}}}\n        kustomizations:\n          apps: {path: ./a, decryption: {sops: {age: {file: age.key}}}, postBuild: {substitute: {S: {output: Cluster/mgmt.server}, T: text}}}';
    const host = hostWith(`${cluster('mgmt')}---\n${cluster('demo', spec)}`, {
      files: { '/p/known_hosts': 'e.example ssh-ed25519 AAAA', '/p/age.key': 'AGE-SECRET-KEY-1' },
      env: { KEY: 'private key' },
    });
    const demo = (await loadProject(host, '.')).clusters[1];
    if (demo?.provisioner !== 'existing') throw new Error('wrong provisioner');
    expect(demo.needs).toEqual(['Cluster/mgmt']);
    expect(demo.existing.kubeconfig).toMatchObject({ kind: 'output', target: 'Cluster/mgmt', output: 'kubeconfig', secret: true });
    const repository = demo.gitops?.repositories[0];
    expect(repository?.source).toMatchObject({
      address: { kind: 'ssh' },
      auth: {
        type: 'ssh',
        knownHosts: { kind: 'file', path: '/p/known_hosts', secret: false },
        privateKey: { kind: 'env', name: 'KEY', secret: true },
      },
    });
    expect(repository?.kustomizations[0]).toMatchObject({
      name: 'apps',
      at: { line: 17, col: 11 },
      ageKey: { kind: 'file', path: '/p/age.key', secret: true },
    });
    expect(repository?.kustomizations[0]?.substitute.get('S')).toMatchObject({ kind: 'output', output: 'server', secret: false });
    expect(repository?.kustomizations[0]?.substitute.get('T')).toEqual({ kind: 'literal', text: 'text' });
  });

  it('warns about a secret file that others can read, and about tokens over plain http', async () => {
    const spec =
      '{provisioner: local, gitops: {repositories: {a: {git: {url: http://e.example/x, auth: {token: {file: token}}}}, b: {git: {url: http://127.0.0.1:1/x, auth: {token: {file: token}}}}}}}';
    const host = (mode: number) => hostWith(cluster('demo', spec), { files: { '/p/token': { content: 'a long token\n', mode } } });
    const { findings } = await loadProject(host(0o640), '.');
    expect(findings.map(({ level, code, at }) => [level, code, at?.line, at?.col])).toEqual([
      ['warning', 'SLW-CFG-039', 4, 67],
      ['warning', 'SLW-CFG-035', 4, 101],
      ['warning', 'SLW-CFG-035', 4, 170],
    ]);
    expect((await loadProject(host(0o600), '.')).findings.map(({ code }) => code)).toEqual(['SLW-CFG-039']);
  });

  it('does without the world when asked', async () => {
    const spec = '{provisioner: existing, existing: {kubeconfig: {file: gone}}, gitops: {repositories: {a: {git: {url: ./gone}}}}}';
    const host = hostWith(cluster('demo', spec));
    await expect(loadProject(host, '.')).rejects.toMatchObject({ errors: [{ code: 'SLW-CFG-033' }, { code: 'SLW-CFG-041' }] });
    expect(names(await loadProject(host, '.', { checkWorld: false }))).toEqual(['demo']);
  });

  it('follows KUBECONFIG to a file, and takes a whole kubeconfig as well', async () => {
    const text = cluster('demo', '{provisioner: existing, existing: {kubeconfig: {env: KUBECONFIG}}}');
    const load = (value: string) =>
      loadProject(hostWith(text, { files: { '/p/kc': 'apiVersion: v1\nkind: Config' }, env: { KUBECONFIG: value } }), '.');
    expect(names(await load('/p/kc'))).toEqual(['demo']);
    expect(names(await load('apiVersion: v1\nkind: Config'))).toEqual(['demo']);
    await expect(load('/p/gone')).rejects.toMatchObject({ errors: [{ code: 'SLW-CFG-033' }] });
  });
});
