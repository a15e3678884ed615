import { describe, expect, it } from 'vitest';
import { SlipwayErrors } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { loadProject } from './load.ts';
import { createMemoryHost, hostWith } from './memory-host.ts';

const HEAD = 'apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\n';
const LOCAL = `${HEAD}spec:\n  provisioner: local\n`;
/** Fields of git begin in line 10. */
const GIT = `${LOCAL}  gitops:\n    repositories:\n      fleet:\n        git:\n`;
/** Kustomizations begin in line 11. */
const UNITS = `${LOCAL}  gitops:\n    repositories:\n      fleet:\n        git: {url: ./fleet}\n        kustomizations:\n`;
const OTHER = 'apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: other}\nspec: {provisioner: local}\n';

async function failures(host: Host, file = '.'): Promise<readonly string[]> {
  const thrown = await loadProject(host, file).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof SlipwayErrors)) throw thrown ?? new Error('the project was accepted');
  return thrown.errors.map(({ code, at }) => `${code} ${at?.line}:${at?.col}`);
}

/** title, project file, what is reported and where */
const cases: readonly (readonly [string, string, ...string[]])[] = [
  ['unknown key', `${LOCAL}  colour: red\n`, 'SLW-CFG-012 6:3'],
  ['unknown key at the top', `${LOCAL}status: {}\n`, 'SLW-CFG-012 6:1'],
  [
    'unknown key and a missing field',
    `${HEAD}spec: {provisioner: existing, existing: {contxt: a}}\n`,
    'SLW-CFG-015 4:31',
    'SLW-CFG-012 4:42',
  ],
  ['__proto__ as a key', `${LOCAL}  __proto__: {}\n`, 'SLW-CFG-012 6:3'],
  ['__proto__ as a name', `${LOCAL}  gitops: {repositories: {__proto__: {}}}\n`, 'SLW-CFG-012 6:27'],
  ['list for a mapping', `${LOCAL}  gitops: []\n`, 'SLW-CFG-013 6:11'],
  ['text for a mapping', `${LOCAL}  local: fast\n`, 'SLW-CFG-013 6:10'],
  ['mapping for a list', `${UNITS}          a: {path: ./a, dependsOn: {b: 1}}\n`, 'SLW-CFG-013 11:37'],
  [
    'text for a number',
    `apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {defaults: {parallel: "4"}}\n`,
    'SLW-CFG-013 4:29',
  ],
  [
    'fraction for a whole number',
    `apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {defaults: {parallel: 1.5}}\n`,
    'SLW-CFG-013 4:29',
  ],
  [
    'number out of range',
    `apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {defaults: {parallel: 0}}\n`,
    'SLW-CFG-016 4:29',
  ],
  ['reference where none is taken', `${GIT}          url: {env: URL}\n`, 'SLW-CFG-013 10:16'],
  ['number version', `${LOCAL}  local: {kubernetesVersion: 1.30}\n`, 'SLW-CFG-014 6:30'],
  ['yes for true', `${UNITS}          a: {path: ./a, wait: yes}\n`, 'SLW-CFG-014 11:32'],
  ['off as text', `${UNITS}          a: {path: ./a, postBuild: {substitute: {X: off}}}\n`, 'SLW-CFG-014 11:54'],
  ['on as a key', `${UNITS}          on: {path: ./a}\n`, 'SLW-CFG-014 11:11'],
  ['octal', `${UNITS}          a: {path: ./a, postBuild: {substitute: {X: 0755}}}\n`, 'SLW-CFG-014 11:54'],
  ['date', `${GIT}          url: ./fleet\n          tag: 2026-01-31\n`, 'SLW-CFG-014 11:16'],
  ['base 60', `${UNITS}          a: {path: ./a, postBuild: {substitute: {X: 12:30:00}}}\n`, 'SLW-CFG-014 11:54'],
  ['commit that is a number', `${GIT}          url: ./fleet\n          commit: 1e10\n`, 'SLW-CFG-014 11:19'],
  ['quoted boolean', `${UNITS}          a: {path: ./a, wait: "true"}\n`, 'SLW-CFG-013 11:32'],
  ['missing field', `${GIT}          branch: main\n`, 'SLW-CFG-015 9:9'],
  ['missing name', 'apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {}\nspec: {provisioner: local}\n', 'SLW-CFG-015 3:1'],
  ['missing spec', HEAD, 'SLW-CFG-015 1:1'],
  ['missing kind', 'apiVersion: slipway.dev/v1alpha1\nmetadata: {name: a}\n', 'SLW-CFG-015 1:1'],
  ['empty value', `${HEAD}spec:\n`, 'SLW-CFG-015 4:6'],
  ['missing provisioner', `${HEAD}spec: {}\n`, 'SLW-CFG-015 4:1'],
  [
    'misspelt provisioner and what is behind it',
    `${HEAD}spec: {provisoner: local, gitops: []}\n`,
    'SLW-CFG-015 4:1',
    'SLW-CFG-012 4:8',
    'SLW-CFG-013 4:35',
  ],
  ['unknown provisioner', `${HEAD}spec: {provisioner: lokal}\n`, 'SLW-CFG-016 4:21'],
  ['bad duration', `${UNITS}          a: {path: ./a, timeout: 5 minutes}\n`, 'SLW-CFG-016 11:35'],
  ['invalid name', `${HEAD.replace('demo', 'Demo_1')}spec: {provisioner: local}\n`, 'SLW-CFG-017 3:18'],
  ['name of 64 characters', `${HEAD.replace('demo', 'a'.repeat(64))}spec: {provisioner: local}\n`, 'SLW-CFG-017 3:18'],
  ['invalid repository name', `${LOCAL}  gitops: {repositories: {Fleet: {git: {url: ./fleet}}}}\n`, 'SLW-CFG-017 6:27'],
  ['wrong apiVersion', OTHER.replace('v1alpha1', 'v1'), 'SLW-CFG-018 1:13'],
  ['missing apiVersion', OTHER.replace(/^.*\n/, ''), 'SLW-CFG-015 1:1'],
  ['unknown kind', OTHER.replace('kind: Cluster', 'kind: Clusters'), 'SLW-CFG-019 2:7'],
  ['reserved kind', OTHER.replace('kind: Cluster', 'kind: Environment'), 'SLW-CFG-020 2:7'],
  ['reserved provisioner', `${HEAD}spec: {provisioner: gke, gke: {region: a}}\n`, 'SLW-CFG-020 4:21'],
  [
    'reserved backend',
    'apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec: {state: {backend: gcs, bucket: b}}\n',
    'SLW-CFG-020 4:25',
  ],
  ['reserved Flux version', `${LOCAL}  gitops: {flux: {version: v2.4.0}}\n`, 'SLW-CFG-020 6:28'],
  ['Kubernetes version that is not pinned', `${LOCAL}  local: {kubernetesVersion: "1.29"}\n`, 'SLW-CFG-040 6:30'],
  ['duplicate document name', `${OTHER}---\n${OTHER}`, 'SLW-CFG-021 8:18'],
  [
    'duplicate Kustomization across repositories',
    `${UNITS}          a: {path: ./a}\n      more:\n        git: {url: ./fleet}\n        kustomizations: {a: {path: ./b}}\n`,
    'SLW-CFG-021 14:26',
  ],
  ['Project not first', `${OTHER}---\napiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\n`, 'SLW-CFG-022 7:7'],
  ['neither git nor oci', `${LOCAL}  gitops: {repositories: {fleet: {}}}\n`, 'SLW-CFG-023 6:34'],
  ['branch and tag', `${GIT}          {url: ./fleet, branch: a, tag: b}\n`, 'SLW-CFG-023 10:11'],
  ['dangling dependsOn', `${UNITS}          a: {path: ./a, dependsOn: [b]}\n`, 'SLW-CFG-024 11:38'],
  ['cyclic dependsOn', `${UNITS}          a: {path: ./a, dependsOn: [b]}\n          b: {path: ./b, dependsOn: [a]}\n`, 'SLW-CFG-025 12:38'],
  ['dependsOn itself', `${UNITS}          a: {path: ./a, dependsOn: [a]}\n`, 'SLW-CFG-025 11:38'],
  ['malformed output', `${HEAD}spec: {provisioner: existing, existing: {kubeconfig: {output: demo}}}\n`, 'SLW-CFG-026 4:63'],
  [
    'unknown output',
    `${HEAD}spec: {provisioner: existing, existing: {kubeconfig: {output: Cluster/demo.kubekonfig}}}\n`,
    'SLW-CFG-026 4:63',
  ],
  [
    'output named like a property of every object',
    `${HEAD}spec: {provisioner: existing, existing: {kubeconfig: {output: Cluster/demo.constructor}}}\n`,
    'SLW-CFG-026 4:63',
  ],
  [
    'dangling output',
    `${HEAD}spec: {provisioner: existing, existing: {kubeconfig: {output: Cluster/mgmt.kubeconfig}}}\n`,
    'SLW-CFG-027 4:63',
  ],
  [
    'output of itself',
    `${HEAD}spec: {provisioner: existing, existing: {kubeconfig: {output: Cluster/demo.kubeconfig}}}\n`,
    'SLW-CFG-028 4:63',
  ],
  [
    'secret output in a plain field',
    `${UNITS}          a: {path: ./a, postBuild: {substitute: {X: {output: Cluster/other.kubeconfig}}}}\n---\n${OTHER}`,
    'SLW-CFG-029 11:63',
  ],
  ['quoted reference', `${GIT}          url: ./fleet\n          branch: "{env: BRANCH}"\n`, 'SLW-CFG-030 11:19'],
  ['shell-like reference', `${GIT}          url: https://\${HOST}/a\n`, 'SLW-CFG-030 10:16'],
  ['template-like reference', `${GIT}          url: ./fleet\n          tag: "{{ output.version }}"\n`, 'SLW-CFG-030 11:16'],
  ['unquoted double braces', `${GIT}          url: ./fleet\n          tag: {{output: a}}\n`, 'SLW-CFG-013 11:16', 'SLW-CFG-011 11:17'],
  ['literal secret', `${GIT}          url: https://a.example/b\n          auth: {token: abcdefgh}\n`, 'SLW-CFG-031 11:25'],
  [
    'secret mapping with an unknown key',
    `${GIT}          url: https://a.example/b\n          auth: {token: {evn: A}}\n`,
    'SLW-CFG-023 11:25',
    'SLW-CFG-012 11:26',
  ],
  ['variable not set', `${GIT}          url: https://a.example/b\n          auth: {token: {env: NOT_SET}}\n`, 'SLW-CFG-032 11:25'],
  ['file missing', `${GIT}          url: https://a.example/b\n          auth: {token: {file: ./nothing}}\n`, 'SLW-CFG-033 11:25'],
  ['scp-like address', `${GIT}          url: git@github.com:a/b.git\n`, 'SLW-CFG-036 10:16'],
  ['address of a scheme Flux does not read', `${GIT}          url: git://github.com/a/b.git\n`, 'SLW-CFG-036 10:16'],
  ['oci address with a tag of its own', `${LOCAL}  gitops: {repositories: {a: {oci: {url: "https://a.example/b"}}}}\n`, 'SLW-CFG-016 6:42'],
  ['password in the URL', `${GIT}          url: https://me:hunter2hunter2@a.example/b\n`, 'SLW-CFG-037 10:16'],
  ['token for ssh', `${GIT}          url: ssh://git@a.example/b\n          auth: {token: {env: TOKEN}}\n`, 'SLW-CFG-038 11:18'],
  ['ssh without known hosts', `${GIT}          url: ssh://git@a.example/b\n          auth: {ssh: {}}\n`, 'SLW-CFG-015 11:18'],
  ['ssh without authentication', `${GIT}          url: ssh://git@a.example/b\n`, 'SLW-CFG-038 10:16'],
  ['auth for a path', `${GIT}          url: ./fleet\n          auth: {token: {env: TOKEN}}\n`, 'SLW-CFG-038 11:11'],
  ['repository path missing', `${GIT}          url: ./flet\n`, 'SLW-CFG-041 10:16'],
  ['empty file', '', 'SLW-CFG-007 1:1'],
  ['only comments and separators', '# nothing\n---\n---\n# here\n', 'SLW-CFG-007 1:1'],
  ['a document that is text', 'hello\n', 'SLW-CFG-013 1:1'],
  ['tab indentation', `${HEAD}spec:\n\tprovisioner: local\n`, 'SLW-CFG-006 5:1'],
  ['a bracket alone', '}\n', 'SLW-CFG-005 1:1'],
  ['an unknown directive', `%x\n---\n${OTHER}`, 'SLW-CFG-011 1:1'],
  ['a directive alone', '%x\n', 'SLW-CFG-011 1:1', 'SLW-CFG-005 2:1'],
  ['broken syntax', `${HEAD}spec: {provisioner: local\n`, 'SLW-CFG-005 5:1'],
  ['unknown alias', `${HEAD}spec: *nothing\n`, 'SLW-CFG-005 4:7'],
  ['duplicate key', `${LOCAL}  provisioner: local\n`, 'SLW-CFG-009 6:3'],
  ['merge key', `${HEAD}spec: {<<: {provisioner: local}, provisioner: local}\n`, 'SLW-CFG-011 4:8'],
  ['local tag', `${HEAD}spec: {provisioner: !mine local}\n`, 'SLW-CFG-011 4:21'],
  ['%YAML 1.1', `%YAML 1.1\n---\n${OTHER}`, 'SLW-CFG-011 2:1'],
  ['anchor inside itself', `${LOCAL}  gitops: &a {repositories: *a}\n`, 'SLW-CFG-008 6:29'],
  ['control character', `${HEAD}spec: {provisioner: "lo\u0007cal"}\n`, 'SLW-CFG-004 4:24'],
];

describe('bad input', () => {
  it.each(cases)('%s', async (_title, text, ...expected) => {
    expect(await failures(hostWith(text, { env: { TOKEN: 'long-enough' } }))).toEqual(expected);
  });

  it('finds the faults of all documents and files at once, in order', async () => {
    const host = createMemoryHost({
      files: {
        '/p/slipway/b.yaml': `${LOCAL}  x: 1\n---\nkind: Foo\n`,
        '/p/slipway/a.yaml': OTHER.replace('local', 'lokal'),
        '/p/slipway/c.yaml': new Uint8Array([0xff, 0xfe]),
      },
    });
    expect(await failures(host)).toEqual(['SLW-CFG-016 4:21', 'SLW-CFG-012 6:3', 'SLW-CFG-015 8:1', 'SLW-CFG-019 8:7', 'SLW-CFG-004 1:1']);
  });

  it('says the wrong value and the nearest right one', async () => {
    const thrown = await loadProject(hostWith(`${LOCAL}  gitop: {}\n  local: {nodes: simulatd}\n`), '.').catch(
      (error: unknown) => error as SlipwayErrors,
    );
    const errors = (thrown as SlipwayErrors).errors.map(({ message, fix, object }) => ({ message, fix, object }));
    expect(errors).toEqual([
      { message: 'unknown key "gitop" in spec', fix: 'did you mean "gitops"?', object: 'Cluster/demo' },
      {
        message: 'spec.local.nodes is "simulatd", which is not allowed',
        fix: 'did you mean "simulated"? allowed: none, simulated',
        object: 'Cluster/demo',
      },
    ]);
  });

  it.each([
    [
      'a field of another provisioner',
      `${LOCAL}  eks: {}\n`,
      'key "eks" in spec goes only with provisioner: eks',
      'remove it, or write provisioner: eks',
    ],
    [
      'an unknown field, with the known ones of its provisioner',
      `${LOCAL}  kustomizations: {}\n`,
      'unknown key "kustomizations" in spec',
      'remove it, or use one of: provisioner, local, gitops, hooks',
    ],
    [
      'a number for a duration',
      `${GIT}          url: ./fleet\n          interval: 5\n`,
      'spec.gitops.repositories.fleet.git.interval: 5 without quotes is read as the number 5, but text is wanted',
      'write text such as "5m"',
    ],
    [
      'a missing field',
      `${HEAD}spec: {provisioner: existing}\n`,
      'spec.existing is missing',
      'add the field; `slipway explain Cluster.spec.existing` shows what it takes',
    ],
    [
      'a wrong type',
      `${GIT.slice(0, GIT.indexOf('        git:'))}        git: ./fleet\n`,
      'spec.gitops.repositories.fleet.git is text, but a mapping is wanted',
      'give a value of the expected type; `slipway explain Cluster.spec.gitops.repositories.fleet.git` shows it',
    ],
  ])('gives advice that fits: %s', async (_title, text, message, fix) => {
    const thrown = await loadProject(hostWith(text), '.').catch((error: unknown) => error as SlipwayErrors);
    expect((thrown as SlipwayErrors).errors[0]).toMatchObject({ message, fix });
  });

  it.each([
    ['a literal', 'auth: {token: hunter2hunter2}'],
    ['text in the place of the mapping around it', 'auth: hunter2hunter2'],
    ['a number', 'auth: {token: 4711471147114711}'],
    ['a name of a variable that is no name', 'auth: {token: {env: hunter2-hunter2}}'],
    ['a number for a name of a variable', 'auth: {token: {env: 4711471147114711}}'],
    ['a URL', 'caBundle: {env: TOKEN}\n          branch: "https://me:hunter2hunter2@a.example"'],
  ])('never repeats what may be a secret: %s', async (_title, field) => {
    const text = `${GIT}          url: https://me:hunter2hunter2@a.example/b\n          ${field}\n`;
    const thrown = await loadProject(hostWith(text, { env: { TOKEN: 'long-enough' } }), '.').catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(SlipwayErrors);
    const said = (thrown as SlipwayErrors).errors.map(({ message, fix }) => message + fix).join('\n');
    expect(said).not.toMatch(/hunter2|4711/);
  });

  it('refuses a file of 10 MB without reading it', async () => {
    const host = createMemoryHost({ files: { '/p/slipway.yaml': { content: 'not: [valid', size: 10_000_000 } } });
    expect(await failures(host)).toEqual(['SLW-CFG-003 1:1']);
  });

  it('refuses an alias bomb', async () => {
    const levels = Array.from({ length: 9 }, (_, i) => `l${i + 1}: &l${i + 1} [${Array(10).fill(`*l${i}`).join(', ')}]`);
    expect(await failures(hostWith(`l0: &l0 lol\n${levels.join('\n')}\n`))).toContain('SLW-CFG-008 6:45');
  });

  it.each([
    ['flow', '['.repeat(100_000)],
    ['flow mappings', '{a: '.repeat(50_000)],
    ['sequences', '- '.repeat(50_000)],
  ])('survives depth: %s', async (_title, text) => {
    expect((await failures(hostWith(text)))[0]).toMatch(/^SLW-CFG-0(05|10) /);
  });

  it('refuses 65 levels of brackets, and says where the 65th begins', async () => {
    expect(await failures(hostWith(`${LOCAL}x: ${'['.repeat(65)}${']'.repeat(65)}\n`))).toEqual(['SLW-CFG-010 6:68']);
  });

  it('refuses 65 levels of indentation, which the parser would still follow', async () => {
    const levels = Array.from({ length: 70 }, (_, i) => `${' '.repeat(i)}a:`).join('\n');
    expect(await failures(hostWith(levels))).toContain('SLW-CFG-010 65:65');
  });

  it.each([
    ['quotes', '"'],
    ['closing brackets', '}'],
    ['tags', '!t '],
    ['directives', '%x\n'],
    ['documents', '---\n'],
    ['comments', '#\n'],
    ['mappings in one line', 'a: '],
  ])('refuses a file of 4 MiB of nothing but %s, in bounded memory', async (_title, piece) => {
    const text = piece.repeat(Math.floor((4 * 1024 * 1024) / piece.length));
    expect((await failures(hostWith(text))).length).toBeLessThanOrEqual(50);
  });

  it('shows where bytes are no UTF-8', async () => {
    const bytes = new Uint8Array([...new TextEncoder().encode('kind: Cluster\nname: '), 0xe9, 0x0a]);
    expect(await failures(hostWith(bytes))).toEqual(['SLW-CFG-004 2:7']);
  });

  it.each([
    ['missing file', {}, 'nothing.yaml', 'SLW-CFG-001 1:1'],
    ['folder without a project', { '/p/readme': '' }, '.', 'SLW-CFG-001 1:1'],
    ['slipway.yml', { '/p/slipway.yml': OTHER }, '.', 'SLW-CFG-001 1:1'],
    ['inside of slipway/', { '/p/slipway/a.yaml': OTHER }, 'slipway', 'SLW-CFG-001 1:1'],
    ['both layouts', { '/p/slipway.yaml': OTHER, '/p/slipway/a.yaml': OTHER }, '.', 'SLW-CFG-002 1:1'],
    ['a device', { '/p/slipway.yaml': { content: '', kind: 'other' as const } }, '.', 'SLW-CFG-003 1:1'],
  ])('%s', async (_title, files, file, expected) => {
    expect(await failures(createMemoryHost({ files }), file)).toEqual([expected]);
  });
});
