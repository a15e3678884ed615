import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { configMap } from '../support/existing-cluster.ts';
import { createGitFolder, type GitFolder } from '../support/git-https.ts';
import { createSourceProject, type SourceProject } from '../support/source-project.ts';
import { type SshServer, startSshd, whyNoSshd } from '../support/sshd.ts';

let dir = '';
let folder: GitFolder;
let server: SshServer;
let project: SourceProject;

const git = (more = ''): string =>
  `git: {url: "ssh://${server.user}@127.0.0.1:${server.port}${folder.path}", interval: 1m, timeout: 10s, auth: {ssh: {knownHosts: {file: ../known_hosts}${more}}}}`;

function makeKey(name: string): { readonly file: string; readonly publicKey: string } {
  const file = join(dir, name);
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', file]);
  return { file, publicKey: readFileSync(`${file}.pub`, 'utf8').trim() };
}

// Without the package openssh-server there is nothing to prove; it is counted as skipped.
describe.skipIf(whyNoSshd() !== undefined)('a repository behind ssh', () => {
  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'slipway-ssh-'));
    mkdirSync(join(dir, 'sshd'));
    folder = createGitFolder(join(dir, 'fleet'), { 'app/web.yaml': configMap('web') });
    server = await startSshd(join(dir, 'sshd'));
    project = createSourceProject();
    writeFileSync(join(project.sandbox.dir, 'known_hosts'), `${server.knownHosts}\n`);
  });
  afterAll(async () => {
    await project?.remove();
    server?.stop();
    rmSync(dir, { recursive: true, force: true });
  });
  const keyFile = (): string => join(project.sandbox.project, '.slipway', 'demo', 'identities', 'demo', 'fleet');

  it('gets a deploy key of its own and waits for a person: exit 75, with the very line to add', async () => {
    project.follow(git());
    const first = await project.upFails(75, /SLW-FLX-006[^]*fix: add this public key to the repository[^]*run the same command again/);
    const publicKey = readFileSync(`${keyFile()}.pub`, 'utf8').trim();
    expect(publicKey).toMatch(/^ssh-ed25519 \S+ slipway fleet$/);
    expect(first.stderr).toContain(`as a read-only deploy key, then run the same command again: ${publicKey}`);
    expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
  });

  it('keeps the key: the same command asks for the same line again', async () => {
    const before = readFileSync(keyFile(), 'utf8');
    const again = await project.upFails(75, /SLW-FLX-006/);
    expect(readFileSync(keyFile(), 'utf8')).toBe(before);
    expect(again.stderr).toContain(readFileSync(`${keyFile()}.pub`, 'utf8').trim());
  });

  it('is applied once the line was added, and then plans nothing', async () => {
    server.accept([readFileSync(`${keyFile()}.pub`, 'utf8').trim()]);
    const up = await project.up();
    expect(up.code, up.stderr).toBe(0);
    expect(await project.value()).toBe('one');
    expect((await project.plan()).code).toBe(0);
  });

  it('trusts no other host key', async () => {
    const [type, key] = makeKey('other-host').publicKey.split(' ');
    writeFileSync(join(project.sandbox.dir, 'known_hosts'), `[127.0.0.1]:${server.port} ${type} ${key}\n`);
    folder.commit({ 'app/web.yaml': configMap('web', 'two') });
    await project.upFails(77, /SLW-FLX-014[^]*GitRepository\/flux-system\/fleet/);
    expect(await project.value()).toBe('one');
    writeFileSync(join(project.sandbox.dir, 'known_hosts'), `${server.knownHosts}\n`);
    expect((await project.up()).code).toBe(0);
    expect(await project.value()).toBe('two');
  });

  it('takes a key from a file instead: refused while nobody added it, applied afterwards', async () => {
    const own = makeKey('own');
    project.follow(git(`, privateKey: {file: ${own.file}}`));
    folder.commit({ 'app/web.yaml': configMap('web', 'three') });
    await project.upFails(77, /SLW-FLX-005[^]*GitRepository\/flux-system\/fleet/);
    server.accept([own.publicKey]);
    expect((await project.up()).code).toBe(0);
    expect(await project.value()).toBe('three');
  });

  it('never shows a private key, and keeps the generated one over down', async () => {
    const journal = (await project.sandbox.run(['journal', 'show'])).stdout;
    for (const file of [keyFile(), join(dir, 'own')]) {
      const secret = readFileSync(file, 'utf8').split('\n')[2] ?? '';
      expect(secret.length).toBeGreaterThan(20);
      expect(`${project.printed()}${journal}`).not.toContain(secret);
    }
    const key = readFileSync(keyFile(), 'utf8');
    expect((await project.sandbox.run(['down', '--confirm', 'demo'])).code).toBe(0);
    expect(readFileSync(keyFile(), 'utf8')).toBe(key);
  });
});
