import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createNodeHost } from '../host/node.ts';
import { gitEnvironment } from './command.ts';
import { existsAt, inspectPath, resolveRef } from './repository.ts';
import { startGitServer } from './server.ts';
import { writeServerConfig } from './server-config.ts';

const host = createNodeHost();
const token = 'a-token-of-enough-length';
let base = '';
let repository = '';
let configFile = '';
let port = 0;
let stop = new AbortController();

const env = { ...gitEnvironment(host), GIT_AUTHOR_NAME: 'a', GIT_AUTHOR_EMAIL: 'a@b', GIT_COMMITTER_NAME: 'a', GIT_COMMITTER_EMAIL: 'a@b' };

function git(args: string[], cwd = repository): string {
  return execFileSync('git', args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
}

function commit(file: string, content: string): string {
  writeFileSync(join(repository, file), content);
  git(['add', '-A']);
  git(['commit', '-q', '-m', file]);
  return git(['rev-parse', 'HEAD']);
}

/** The server runs in this process, so a client must not block it. */
async function client(args: string[], password = token): Promise<{ code: number; stdout: string; stderr: string }> {
  const credentials = Buffer.from(`slipway:${password}`).toString('base64');
  return await host.processes.run('git', args, {
    cwd: base,
    env: gitEnvironment(host, { config: [['http.extraHeader', `Authorization: Basic ${credentials}`]] }),
  });
}

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'slipway-git-'));
  repository = join(base, 'work copy');
  mkdirSync(repository);
  git(['init', '-q', '-b', 'main']);
  configFile = join(base, 'server.json');
  stop = new AbortController();
  await writeServerConfig(host, configFile, {
    format: 1,
    port: 0,
    token,
    repositories: [{ name: 'fleet', gitDir: join(repository, '.git'), refs: ['refs/heads/main'] }],
  });
  ({ port } = await startGitServer(host, { configFile, port: 0, signal: stop.signal }));
});
afterEach(() => {
  stop.abort();
  rmSync(base, { recursive: true, force: true });
});

const url = (): string => `http://127.0.0.1:${port}/fleet.git`;

describe('the loopback server', () => {
  it('serves the head of the branch live, and no other branch', async () => {
    const first = commit('a.yaml', '1');
    git(['branch', 'secret']);
    expect((await client(['ls-remote', url()])).stdout).toBe(`${first}\trefs/heads/main\n`);
    expect((await client(['clone', '-q', '-b', 'main', url(), 'clone'])).code).toBe(0);
    const second = commit('b.yaml', 'x'.repeat(100_000));
    const clone = join(base, 'clone');
    expect(await client(['-C', clone, 'fetch', '-q', '--depth', '1', 'origin', 'main'])).toMatchObject({ code: 0 });
    expect(readFileSync(join(clone, '.git', 'FETCH_HEAD'), 'utf8')).toContain(second);
  });

  it('refuses a push, also over the other path', async () => {
    commit('a.yaml', '1');
    await client(['clone', '-q', url(), 'clone']);
    spawnSync('git', ['commit', '-q', '--allow-empty', '-m', 'x'], { cwd: join(base, 'clone'), env });
    const push = await client(['-C', join(base, 'clone'), 'push', 'origin', 'HEAD:main']);
    expect(push.code).not.toBe(0);
    expect(push.stderr).toContain('403');
    const authorization = `Basic ${Buffer.from(`slipway:${token}`).toString('base64')}`;
    expect((await fetch(`${url()}/git-receive-pack`, { method: 'POST', headers: { authorization } })).status).toBe(403);
  });

  it('shows nothing without the token or with a wrong one, and nothing that is not configured', async () => {
    commit('a.yaml', '1');
    expect((await fetch(`${url()}/info/refs?service=git-upload-pack`)).status).toBe(401);
    expect((await client(['ls-remote', url()], 'wrong')).code).not.toBe(0);
    const authorization = `Basic ${Buffer.from(`slipway:${token}`).toString('base64')}`;
    for (const path of [
      '/other.git/info/refs?service=git-upload-pack',
      '/fleet.git/HEAD',
      '/fleet.git/objects/info/packs',
      '/..%2ffleet.git/info/refs',
    ]) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } })).status).toBe(404);
    }
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
  });

  it('takes a new configuration without a restart, and keeps it private', async () => {
    commit('a.yaml', '1');
    await writeServerConfig(host, configFile, {
      format: 1,
      port,
      token: 'another-token-long-enough',
      repositories: [{ name: 'other', gitDir: join(repository, '.git'), refs: ['refs/heads/main'] }],
    });
    expect((await client(['ls-remote', url()])).code).not.toBe(0);
    expect((await client(['ls-remote', url().replace('fleet', 'other')], 'another-token-long-enough')).code).toBe(0);
    expect(statSync(configFile).mode & 0o777).toBe(0o600);
  });
});

describe('what a path is', () => {
  it('a working copy and a bare repository are repositories, what lies inside or beside is a folder', async () => {
    commit('a.yaml', '1');
    mkdirSync(join(repository, 'sub'));
    execFileSync('git', ['clone', '-q', '--bare', repository, join(base, 'bare')], { env });
    git(['worktree', 'add', '-q', '-b', 'wt', join(base, 'tree')]);
    expect(await inspectPath(host, repository)).toMatchObject({ kind: 'repository', gitDir: join(repository, '.git') });
    expect(await inspectPath(host, join(base, 'bare'))).toMatchObject({ kind: 'repository' });
    expect(await inspectPath(host, join(base, 'tree'))).toMatchObject({ kind: 'repository' });
    expect(await inspectPath(host, join(repository, 'sub'))).toMatchObject({ kind: 'folder' });
    expect(await inspectPath(host, base)).toMatchObject({ kind: 'folder' });
  });

  it('what claims to be a repository and is none is refused, not snapshotted', async () => {
    mkdirSync(join(base, 'hollow', '.git'), { recursive: true });
    await expect(inspectPath(host, join(base, 'hollow'))).rejects.toMatchObject({ code: 'SLW-GIT-009' });
    mkdirSync(join(base, 'lost'));
    writeFileSync(join(base, 'lost', '.git'), 'gitdir: /nowhere/worktrees/x\n');
    await expect(inspectPath(host, join(base, 'lost'))).rejects.toMatchObject({ code: 'SLW-GIT-009' });
  });

  it('says what is missing', async () => {
    await expect(inspectPath(host, join(base, 'none'))).rejects.toMatchObject({ code: 'SLW-GIT-001' });
    await expect(inspectPath(host, configFile)).rejects.toMatchObject({ code: 'SLW-GIT-002' });
    const found = await inspectPath(host, repository);
    if (found.kind !== 'repository') throw new Error('not a repository');
    await expect(resolveRef(host, found, { branch: 'main' })).rejects.toMatchObject({
      code: 'SLW-GIT-003',
      message: expect.stringContaining('no commit yet'),
    });
    const head = commit('clusters.yaml', '1');
    await expect(resolveRef(host, found, { branch: 'mian' })).rejects.toMatchObject({
      code: 'SLW-GIT-003',
      message: expect.stringContaining('it has main'),
    });
    expect(await resolveRef(host, found, { branch: 'main' })).toBe(head);
    expect(await existsAt(host, { gitDir: found.gitDir, commit: head }, './clusters.yaml')).toBe(true);
    expect(await existsAt(host, { gitDir: found.gitDir, commit: head }, 'nothing')).toBe(false);
    expect(await existsAt(host, { gitDir: found.gitDir, commit: head }, './')).toBe(true);
  });
});
