import { join } from 'node:path';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap } from '../support/existing-cluster.ts';
import { createGitFolder, type GitFolder, type GitHttps, makeCertificates, startGitHttps } from '../support/git-https.ts';
import { createSourceProject, type SourceProject } from '../support/source-project.ts';

const RIGHT = 'canary-right-token-0123456789';
const ROTATED = 'canary-rotated-token-987654321';
const WRONG = 'canary-wrong-token-5555555555';
const token = (value: string) => ({ GIT_TOKEN: value });

let dir = '';
let folder: GitFolder;
let server: GitHttps;
let project: SourceProject;

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-https-'));
  folder = createGitFolder(join(dir, 'repositories', 'fleet'), { 'app/web.yaml': configMap('web') });
  server = await startGitHttps(join(dir, 'tls'), join(dir, 'repositories'), RIGHT);
  project = createSourceProject();
  writeFileSync(join(project.sandbox.dir, 'ca.crt'), server.ca);
});
afterAll(async () => {
  await project?.remove();
  server?.close();
  rmSync(dir, { recursive: true, force: true });
});

const git = (more = '', url = `${server.url}/fleet/.git`): string =>
  `git: {url: "${url}", interval: 1s, timeout: 10s, caBundle: {file: ../ca.crt}, auth: {token: {env: GIT_TOKEN}}${more}}`;

describe('a repository behind https', () => {
  it('refuses a wrong token: exit 77, and says what to correct', async () => {
    project.follow(git());
    await project.upFails(77, /SLW-FLX-005: GitRepository\/flux-system\/fleet[^]*fix: correct the credentials/, token(WRONG));
  });

  it('is applied with the right one, which the plan announces as a change of its Secret alone', async () => {
    const plan = await project.plan(token(RIGHT));
    expect([plan.code, plan.stdout]).toEqual([2, expect.stringMatching(/Secret\/flux-system\/fleet-auth \(data\.password\)/)]);
    expect(plan.stdout).toContain('Plan: 1 to update.');
    expect((await project.up(token(RIGHT))).stdout).toMatch(new RegExp(`applied revision main@sha1:${folder.git('rev-parse', 'HEAD')}`));
    expect(await project.value()).toBe('one');
    expect((await project.plan(token(RIGHT))).code).toBe(0);
  });

  it('brings a commit to the cluster without up', async () => {
    folder.commit({ 'app/web.yaml': configMap('web', 'two') });
    await project.untilValue('two');
    expect((await project.plan(token(RIGHT))).code).toBe(0);
  });

  it('works on when the token is rotated there and here', async () => {
    server.setToken(ROTATED);
    folder.commit({ 'app/web.yaml': configMap('web', 'three') });
    await project.upFails(77, /SLW-FLX-005/, token(RIGHT));
    expect((await project.plan(token(ROTATED))).code).toBe(2);
    expect((await project.up(token(ROTATED))).code).toBe(0);
    expect(await project.value()).toBe('three');
  });

  it('is not trusted without its authority, nor with another one', async () => {
    project.follow(git().replace('caBundle: {file: ../ca.crt}, ', ''));
    await project.upFails(69, /SLW-FLX-004: GitRepository\/flux-system\/fleet[^]*certificate/, token(ROTATED));
    const other = mkdtempSync(join(dir, 'other-'));
    writeFileSync(join(project.sandbox.dir, 'other.crt'), makeCertificates(other).ca);
    project.follow(git().replace('../ca.crt', '../other.crt'));
    await project.upFails(69, /SLW-FLX-004: GitRepository\/flux-system\/fleet[^]*certificate/, token(ROTATED));
  });

  it('says which branch, path or repository is missing', async () => {
    project.follow(git(', branch: gone'));
    await project.upFails(69, /SLW-FLX-004: GitRepository\/flux-system\/fleet[^]*gone/, token(ROTATED));
    project.follow(git('', `${server.url}/ghost/.git`));
    await project.upFails(69, /SLW-FLX-004: GitRepository\/flux-system\/fleet/, token(ROTATED));
    project.follow(git());
    project.sandbox.put({ 'slipway.yaml': projectWithPath('./gone') });
    await project.upFails(1, /SLW-FLX-001: Kustomization\/flux-system\/app: PathMissing[^]*gone/, token(ROTATED));
  });

  it('stays at a tag and at a commit, whatever the branch does', async () => {
    folder.git('tag', 'v1');
    const pinned = folder.git('rev-parse', 'HEAD');
    folder.commit({ 'app/web.yaml': configMap('web', 'four') });
    project.follow(git(', tag: v1'));
    expect((await project.up(token(ROTATED))).stdout).toMatch(new RegExp(`applied revision v1@sha1:${pinned}`));
    expect(await project.value()).toBe('three');
    project.follow(git());
    await project.up(token(ROTATED));
    expect(await project.value()).toBe('four');
    project.follow(git(`, commit: ${pinned}`));
    expect((await project.up(token(ROTATED))).stdout).toMatch(
      new RegExp(`applied revision (sha1:)?${pinned}|applied revision \\S*${pinned}`),
    );
    expect(await project.value()).toBe('three');
  });

  it('never shows a token', async () => {
    const journal = await project.sandbox.run(['journal', 'show']);
    for (const secret of [RIGHT, ROTATED, WRONG]) expect(`${project.printed()}${journal.stdout}`).not.toContain(secret);
  });
});

function projectWithPath(path: string): string {
  return `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\nspec:\n  provisioner: local\n  gitops: {repositories: {fleet: {${git()}, kustomizations: {app: {path: ${path}, timeout: 10s}}}}}\n`;
}
