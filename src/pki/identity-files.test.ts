import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Host } from '../host/host.ts';
import { createNodeHost } from '../host/node.ts';
import { ensureIdentities, findIdentityFaults, type IdentitySet } from './identity-files.ts';

const DAY = 86_400_000;
let dir: string;
let set: IdentitySet;
const host = createNodeHost();

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'pki-'));
  set = {
    dir: join(dir, 'set'),
    authorities: [{ name: 'ca', subject: { commonName: 'ca' } }],
    leaves: [
      {
        name: 'server',
        issuer: 'ca',
        subject: { commonName: 'server' },
        usages: ['server'],
        dnsNames: ['localhost', 'kubernetes.default'],
        ipAddresses: ['127.0.0.1', '::1'],
      },
      { name: 'admin', issuer: 'ca', subject: { commonName: 'admin', organizations: ['system:masters'] }, usages: ['client'] },
    ],
    signingKeys: ['sa'],
  };
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const inDays = (days: number): Host => ({ ...host, clock: { ...host.clock, now: () => Date.now() + days * DAY } });

describe('ensureIdentities', () => {
  it('makes a whole set once, private, and then finds nothing to do', async () => {
    expect((await findIdentityFaults(host, set)).map((fault) => fault.name)).toEqual(['ca', 'server', 'admin', 'sa']);
    expect(await ensureIdentities(host, set)).toHaveLength(4);
    expect(await findIdentityFaults(host, set)).toEqual([]);
    expect((await stat(set.dir)).mode & 0o777).toBe(0o700);
    for (const name of ['ca.key', 'ca.crt', 'server.key', 'sa.key', 'sa.pub'])
      expect((await stat(join(set.dir, name))).mode & 0o777).toBe(0o600);
  });

  it('renews leaves in their last third and keeps the authority', async () => {
    await ensureIdentities(host, set);
    const before = await readFile(join(set.dir, 'ca.crt'), 'utf8');
    expect(await findIdentityFaults(inDays(240), set)).toEqual([]);
    const due = await ensureIdentities(inDays(250), set);
    expect(due).toEqual([
      { name: 'server', reason: 'due for renewal' },
      { name: 'admin', reason: 'due for renewal' },
    ]);
    expect(await readFile(join(set.dir, 'ca.crt'), 'utf8')).toBe(before);
    expect(await findIdentityFaults(inDays(251), set)).toEqual([]);
  });

  it('issues everything anew under a renewed authority', async () => {
    await ensureIdentities(host, set);
    const late = inDays(3000);
    expect((await ensureIdentities(late, set)).map((fault) => fault.name)).toEqual(['ca', 'server', 'admin']);
    expect(await findIdentityFaults(late, set)).toEqual([]);
  });

  it('finds a half-written pair, a changed wish and a foreign issuer', async () => {
    await ensureIdentities(host, set);
    await writeFile(join(set.dir, 'server.key'), await readFile(join(set.dir, 'admin.key')));
    expect(await findIdentityFaults(host, set)).toEqual([{ name: 'server', reason: 'key does not match' }]);
    await ensureIdentities(host, set);
    const wider = { ...set, leaves: set.leaves.map((leaf) => (leaf.name === 'server' ? { ...leaf, dnsNames: ['other'] } : leaf)) };
    expect(await findIdentityFaults(host, wider)).toEqual([{ name: 'server', reason: 'not as wanted' }]);
    await rm(join(set.dir, 'ca.crt'));
    expect(await findIdentityFaults(host, set)).toContainEqual({ name: 'admin', reason: 'issuer changed' });
  });

  it('refuses to overwrite an authority it cannot read', async () => {
    await ensureIdentities(host, set);
    await writeFile(join(set.dir, 'ca.crt'), 'garbage');
    await expect(ensureIdentities(host, set)).rejects.toMatchObject({ code: 'SLW-PKI-001' });
  });
});
