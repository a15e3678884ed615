import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap } from '../support/existing-cluster.ts';
import { createGitFolder, type GitFolder } from '../support/git-https.ts';
import { type OciRegistry, startRegistry } from '../support/oci-registry.ts';
import { putFiles } from '../support/slipway.ts';
import { type AgeKey, createAgeKey, sealSecret } from '../support/sops.ts';
import { createSourceProject, type SourceProject } from '../support/source-project.ts';

const PASSWORD = 'canary-password-of-the-robot';

let project: SourceProject;
let registry: OciRegistry;

beforeAll(async () => {
  project = createSourceProject();
  registry = await startRegistry('robot', PASSWORD);
});
afterAll(async () => {
  await project?.remove();
  registry?.close();
});

describe('an artifact in a registry', () => {
  const env = { REGISTRY_PASSWORD: PASSWORD };
  const oci = (more = ''): string =>
    `oci: {url: "oci://${registry.address}/fleet", interval: 1s, timeout: 10s, insecure: true, auth: {username: robot, password: {env: REGISTRY_PASSWORD}}${more}}`;
  const push = (value: string): void => {
    const layer = join(project.sandbox.dir, 'layer');
    putFiles(layer, { 'app/web.yaml': configMap('web', value) });
    registry.push(execFileSync('tar', ['-czf', '-', '-C', layer, '.']));
  };

  it('is applied, and followed without up when its tag moves', async () => {
    push('one');
    project.follow(oci());
    const up = await project.up(env);
    expect([up.code, up.stdout], up.stderr).toEqual([0, expect.stringMatching(/applied revision latest@sha256:[0-9a-f]{64}/)]);
    expect((await project.plan(env)).code).toBe(0);
    push('two');
    await project.untilValue('two');
    expect((await project.up(env)).stderr).toContain('0 changed');
  });

  it('is refused with a wrong password: exit 77', async () => {
    await project.upFails(77, /SLW-FLX-005: OCIRepository\/flux-system\/fleet/, { REGISTRY_PASSWORD: 'canary-wrong-password-1234' });
    expect((await project.up(env)).code).toBe(0);
  });

  it('names a tag that is not there', async () => {
    project.follow(oci(', tag: gone'));
    await project.upFails(69, /SLW-FLX-004: OCIRepository\/flux-system\/fleet[^]*gone/, env);
    expect(project.printed()).not.toContain(PASSWORD);
  });
});

describe('a Secret sealed with SOPS', () => {
  let key: AgeKey;
  const folder = 'git: {url: ./fleet}';

  beforeAll(() => {
    key = createAgeKey();
    const sealed = sealSecret(key, { name: 'sealed', namespace: 'default', data: { password: 'open sesame' } });
    project.sandbox.put({ 'fleet/app/web.yaml': configMap('web', 'three'), 'fleet/app/sealed.yaml': sealed });
    project.follow(folder, ', decryption: {sops: {age: {env: AGE_KEY}}}');
  });

  it('replaces the artifact by a folder, as the plan says, though the port of the server is not known yet', async () => {
    const plan = await project.plan({ AGE_KEY: key.secret });
    expect([plan.code, plan.stdout]).toEqual([
      2,
      expect.stringMatching(/create GitRepository\/flux-system\/fleet[^]*delete OCIRepository\/flux-system\/fleet/),
    ]);
  });

  it('names the wrong key as the cause, with the file', async () => {
    await project.upFails(1, /SLW-FLX-001: [^\n]*DecryptionFailed[^\n]*app\/sealed\.yaml/, { AGE_KEY: createAgeKey().secret });
  });

  it('is opened with the right one, which is shown nowhere', async () => {
    const up = await project.up({ AGE_KEY: key.secret });
    expect(up.code, up.stderr).toBe(0);
    const secret = await (await project.client()).get({ apiVersion: 'v1', kind: 'Secret', namespace: 'default', name: 'sealed' });
    expect(Buffer.from((secret?.['data'] as { readonly password: string } | undefined)?.password ?? '', 'base64').toString()).toBe(
      'open sesame',
    );
    const journal = (await project.sandbox.run(['journal', 'show'])).stdout;
    expect(`${project.printed()}${journal}`).not.toContain(key.secret);
  });
});

describe('a repository served from its path', () => {
  let repository: GitFolder;

  beforeAll(async () => {
    repository = createGitFolder(join(project.sandbox.dir, 'repository'), { 'app/web.yaml': configMap('web', 'four') });
    project.follow('git: {url: ../repository, interval: 1s}');
    expect((await project.up()).code).toBe(0);
  });

  it('has a commit applied without up; what is not committed is not', async () => {
    expect(await project.value()).toBe('four');
    repository.commit({ 'app/web.yaml': configMap('web', 'five') });
    writeFileSync(join(repository.path, 'app', 'web.yaml'), configMap('web', 'never'));
    await project.untilValue('five');
    expect((await project.plan()).code).toBe(0);
    expect(await project.value()).toBe('five');
    repository.git('checkout', '-q', '--', '.');
  });

  it('says before anything is touched which branch or path is missing', async () => {
    project.follow('git: {url: ../repository, branch: gone}');
    const branch = await project.plan();
    expect([branch.code, branch.stderr]).toEqual([65, expect.stringMatching(/SLW-GIT-003[^]*gone/)]);
    project.follow('git: {url: ../repository}', ', suspend: false');
    project.sandbox.put({ 'slipway.yaml': pathless() });
    const path = await project.plan();
    expect([path.code, path.stderr]).toEqual([65, expect.stringMatching(/SLW-FLX-008: slipway\.yaml:\d+:\d+[^]*\.\/nowhere/)]);
    expect(await project.value()).toBe('five');
  });

  it('stays at a tag and at a commit', async () => {
    const pinned = repository.git('rev-parse', 'HEAD');
    repository.git('tag', 'v1');
    repository.commit({ 'app/web.yaml': configMap('web', 'six') });
    for (const [ref, value] of [
      ['tag: v1', 'five'],
      ['branch: main', 'six'],
      [`commit: ${pinned}`, 'five'],
    ] as const) {
      project.follow(`git: {url: ../repository, ${ref}}`);
      const up = await project.up();
      expect(up.code, up.stderr).toBe(0);
      expect(await project.value()).toBe(value);
    }
  });

  function pathless(): string {
    return 'apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\nspec:\n  provisioner: local\n  gitops: {repositories: {fleet: {git: {url: ../repository}, kustomizations: {app: {path: ./nowhere}}}}}\n';
  }
});
