import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Reference } from '../../src/config/references.ts';
import type { ResolvedRepository } from '../../src/config/resolved-gitops.ts';
import { fluxSteps } from '../../src/flux/steps.ts';
import { writeServerConfig } from '../../src/git/server-config.ts';
import { startGitServer } from '../../src/git/server.ts';
import { bringUp, type FluxWorld, host, kustomization, pathRepository, startFluxWorld } from '../support/flux-world.ts';
import { startRegistry } from '../support/oci-registry.ts';
import { createAgeKey, sealSecret } from '../support/sops.ts';
import { startSshd, whyNoSshd } from '../support/sshd.ts';

let world: FluxWorld;
let repository = '';
const records = new Map();
const end = new AbortController();
const at = { file: 'slipway.yaml', line: 1, col: 1 };
const TOKEN = 'canary-token-for-http-0123456789';

beforeAll(async () => {
  world = await startFluxWorld();
  await bringUp(fluxSteps(world.options({ repositories: [] })), { records });
  await world.startControllers();
  repository = world.put({ 'app/web.yaml': configMap('one') }, 'repository');
  git('init', '-q', '-b', 'main');
  commit('first');
});
afterAll(async () => {
  end.abort();
  await world.stop();
});

const configMap = (value: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: default}\ndata: {value: ${value}}\n`;
const git = (...args: string[]): string =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: repository, encoding: 'utf8' }).trim();

function commit(value: string): string {
  writeFileSync(join(repository, 'app/web.yaml'), configMap(value));
  git('add', '-A');
  git('commit', '-q', '-m', value);
  return git('rev-parse', 'HEAD');
}

function secretFile(name: string, text: string): Reference {
  const path = join(world.dir, name);
  writeFileSync(path, text, { mode: 0o600 });
  return { kind: 'file', path, secret: true, field: 'spec', subject: 'Cluster/demo', at };
}

const remote = (
  kind: 'http' | 'ssh',
  url: string,
  auth: Extract<ResolvedRepository['source'], { type: 'git' }>['auth'],
): ResolvedRepository => ({
  name: 'fleet',
  at,
  source: { type: 'git', address: { kind, url }, ref: { branch: 'main' }, interval: '1h', timeout: '10s', auth, caBundle: undefined },
  kustomizations: [kustomization('app')],
});

const up = async (source: ResolvedRepository) => await bringUp(fluxSteps(world.options({ repositories: [source] })), { records });
const applied = async (): Promise<unknown> =>
  (await world.client.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'web' }))?.['data'];

describe('sources with credentials', () => {
  it('a path that is a repository: a commit reaches the cluster without up', async () => {
    const source = pathRepository(repository, [kustomization('app')], {});
    const fast = { ...source, source: { ...source.source, interval: '1s' } } as ResolvedRepository;
    await up(fast);
    expect(await applied()).toEqual({ value: 'first' });
    commit('second');
    const seen = (async () => {
      for await (const event of world.client.watch(
        { apiVersion: 'v1', kind: 'ConfigMap' },
        { namespace: 'default', signal: AbortSignal.timeout(30_000) },
      )) {
        const objects = event.type === 'synced' ? event.items : event.type === 'disconnected' ? [] : [event.object];
        if (objects.some((object) => (object['data'] as { value?: string } | undefined)?.value === 'second')) return 'seen';
      }
      return 'never';
    })();
    expect(await seen).toBe('seen');
    const { changes } = await up(fast);
    expect(Object.values(changes).map(({ kind }) => kind)).toEqual(['none', 'none', 'none']);
  });

  it('http with a token: refused when wrong, applied when right, and each up applies the commit that is at the head then', async () => {
    const configFile = join(world.dir, 'http.json');
    await writeServerConfig(host, configFile, {
      format: 1,
      port: 0,
      token: TOKEN,
      repositories: [{ name: 'fleet', gitDir: join(repository, '.git'), refs: ['refs/heads/main'] }],
    });
    const { port } = await startGitServer(host, { configFile, port: 0, signal: end.signal });
    const url = `http://127.0.0.1:${port}/fleet.git`;
    const auth = (name: string, text: string) => ({ type: 'token', username: 'slipway', token: secretFile(name, text) }) as const;
    await expect(up(remote('http', url, auth('wrong', 'a-wrong-token-0123456789')))).rejects.toMatchObject({
      code: 'SLW-FLX-005',
      object: 'GitRepository/flux-system/fleet',
      retry: 'after-user',
    });
    const source = remote('http', url, auth('right', TOKEN));
    commit('third');
    await up(source);
    expect(await applied()).toEqual({ value: 'third' });
    commit('fourth');
    const { reports } = await up(source);
    expect(await applied()).toEqual({ value: 'fourth' });
    expect(JSON.stringify([reports, [...records]])).not.toContain(TOKEN);
  });

  it.skipIf(whyNoSshd() !== undefined)('ssh: a generated key waits for a person, a wrong host key is never trusted', async () => {
    const dir = join(world.dir, 'sshd');
    mkdirSync(dir);
    const sshd = await startSshd(dir);
    try {
      const url = `ssh://${sshd.user}@127.0.0.1:${sshd.port}${repository}`;
      const source = (knownHosts: string) =>
        remote('ssh', url, { type: 'ssh', knownHosts: { kind: 'literal', text: knownHosts }, privateKey: undefined });
      const refused = await up(source(sshd.knownHosts)).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'SLW-FLX-006', exit: 75, retry: 'after-user' });
      const publicKey = readFileSync(join(world.dir, 'state/keys/fleet.pub'), 'utf8').trim();
      expect((refused as { fix: string }).fix).toContain(publicKey);
      expect(statSync(join(world.dir, 'state/keys/fleet')).mode & 0o777).toBe(0o600);
      sshd.accept([publicKey]);
      commit('fifth');
      await up(source(sshd.knownHosts));
      expect(await applied()).toEqual({ value: 'fifth' });
      const other = execFileSync(
        'sh',
        ['-c', `ssh-keygen -q -t ed25519 -N '' -f ${join(dir, 'other')} && cut -d' ' -f1,2 ${join(dir, 'other.pub')}`],
        { encoding: 'utf8' },
      ).trim();
      // Twice: the first failure proves that no fetch with the right host key is still under way when the commit is made.
      for (const value of ['fifth', 'sixth']) {
        if (value === 'sixth') commit(value);
        await expect(up(source(`[127.0.0.1]:${sshd.port} ${other}`))).rejects.toMatchObject({
          code: 'SLW-FLX-014',
          message: expect.stringMatching(/host key|key mismatch|knownhosts/i),
        });
      }
      expect(await applied()).toEqual({ value: 'fifth' });
    } finally {
      sshd.stop();
    }
  });

  it('an OCI artifact behind a password, followed when it is pushed anew', async () => {
    const registry = await startRegistry('robot', 'canary-password-of-the-robot');
    end.signal.addEventListener('abort', () => registry.close());
    const pack = (value: string): Buffer => {
      world.put({ 'app/web.yaml': configMap(value) }, 'artifact');
      return execFileSync('tar', ['-czf', '-', '-C', join(world.dir, 'artifact'), '.']);
    };
    const source: ResolvedRepository = {
      name: 'fleet',
      at,
      source: {
        type: 'oci',
        url: `oci://${registry.address}/fleet`,
        ref: { tag: 'latest' },
        interval: '1h',
        timeout: '10s',
        insecure: true,
        auth: { username: { kind: 'literal', text: 'robot' }, password: secretFile('robot', 'canary-password-of-the-robot') },
      },
      kustomizations: [kustomization('app')],
    };
    registry.push(pack('seventh'));
    await up(source);
    expect(await applied()).toEqual({ value: 'seventh' });
    registry.push(pack('eighth'));
    await up(source);
    expect(await applied()).toEqual({ value: 'eighth' });
    expect(
      await world.client.get({ apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name: 'fleet' }),
    ).toBeUndefined();
  });

  it('a Secret encrypted with SOPS is decrypted with the age key of the project', async () => {
    const key = createAgeKey();
    const folder = world.put(
      { 'app/secret.yaml': sealSecret(key, { name: 'sealed', namespace: 'default', data: { password: 'open sesame' } }) },
      'sealed',
    );
    await up(pathRepository(folder, [kustomization('app', { ageKey: secretFile('age', key.secret) })]));
    const secret = await world.client.get({ apiVersion: 'v1', kind: 'Secret', namespace: 'default', name: 'sealed' });
    expect(Buffer.from((secret?.['data'] as { password: string } | undefined)?.password ?? '', 'base64').toString()).toBe('open sesame');
    expect(JSON.stringify([...records])).not.toContain(key.secret);
  });
});
