import { createPrivateKey, X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalJson, type Json, sha256 } from '../../src/core/digest.ts';
import type { Generation, Pointer } from '../../src/vpn/generation.ts';
import { CURRENT_KEY, generationKey } from '../../src/vpn/layout.ts';
import { createVpnBed, type VpnBed, whyNoBed } from '../support/vpn/bed.ts';
import { CONNECTED, type VpnClient } from '../support/vpn/client.ts';
import type { Machine } from '../support/vpn/machine.ts';

const why = whyNoBed();
const KILLS = 40;

/** One life of a host; each test goes on where the one before ended. */
describe.skipIf(why !== undefined)(`the agent of a VPN host${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let bed: VpnBed;
  let machine: Machine;
  let alice: VpnClient;
  const current = (name = ''): string => join(machine.root, 'var/lib/slipway-vpn/current', name);
  const held = (): number => (JSON.parse(readFileSync(current('generation.json'), 'utf8')) as Generation).revision;
  const pointer = (): Pointer => JSON.parse(readFileSync(join(bed.store.dir, CURRENT_KEY), 'utf8')) as Pointer;
  const problems = async (): Promise<string> => (await bed.reports(() => true)).problems.join('\n');

  /** What OpenVPN reads is whole at any instant. */
  const checkWhole = (): void => {
    const certificate = new X509Certificate(readFileSync(current('server.crt')));
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(current('server.key'))))).toBe(true);
    expect(certificate.verify(new X509Certificate(readFileSync(current('ca.crt'))).publicKey)).toBe(true);
    execFileSync('openssl', ['crl', '-in', current('crl.pem'), '-noout', '-CAfile', current('ca.crt')], { stdio: 'ignore' });
    const generation = JSON.parse(readFileSync(current('generation.json'), 'utf8')) as Generation;
    expect(readdirSync(current('clients'))).toEqual(generation.clients);
    expect(readFileSync(current('crl.pem'), 'utf8')).toBe(generation.revocationList);
    expect(readFileSync(current('channel.key'), 'utf8')).toBe(generation.channelKey);
  };

  beforeAll(async () => {
    bed = await createVpnBed({ id: 'd', net: 84, clients: ['alice'] });
    await bed.up();
    const file = await bed.add('alice');
    machine = await bed.boot();
    await bed.reports(({ state }) => state === 'ready');
    alice = bed.connect('alice', file);
    await alice.says(CONNECTED);
  });
  afterAll(async () => bed?.close());

  it(`killed at ${KILLS} instants of its cycles leaves a host whole, and the next cycle ends what it began`, async () => {
    let landed = 0;
    for (let i = 0; i < KILLS; i++) {
      await bed.add(`client-${i}`);
      await machine.run('systemctl', 'start', '--no-block', 'slipway-vpn-agent.service');
      await machine.run('sleep', String((i % 20) * 0.012));
      const [before] = [held()];
      await machine.run('systemctl', 'kill', '--signal=KILL', 'slipway-vpn-agent.service').catch(() => '');
      if (before < pointer().revision) landed += 1;
      checkWhole();
    }
    // Otherwise all came too late to prove anything.
    expect(landed).toBeGreaterThan(0);
    await machine.run('systemctl', 'reset-failed', 'slipway-vpn-agent.service').catch(() => '');
    await bed.cycle(machine);
    expect(held()).toBe(pointer().revision);
    checkWhole();
    expect(await bed.fetchInside('alice')).toContain('Directory listing');
  });

  it('takes nothing of a download that breaks off', async () => {
    const before = held();
    await bed.add('torn');
    bed.services.torn = true;
    await bed.cycle(machine);
    expect(await problems()).toMatch(/identity: .*(unexpected EOF|EOF|reset)/);
    expect(held()).toBe(before);
    checkWhole();
    bed.services.torn = false;
    await bed.cycle(machine);
    expect(held()).toBe(pointer().revision);
  });

  it.each([
    ['whose bytes were changed', (generation: Generation) => generation, 'its bytes are not those of its name'],
    [
      'whose key belongs to another certificate',
      (generation: Generation) => ({ ...generation, server: { ...generation.server, key: generation.sshHostKey } }),
      'private key does not match',
    ],
    ['without a revocation list', (generation: Generation) => ({ ...generation, revocationList: '' }), 'revocation list: it is no PEM'],
    [
      'whose clients name paths',
      (generation: Generation) => ({ ...generation, clients: ['../../etc/passwd'] }),
      'client "../../etc/passwd"',
    ],
  ])('refuses a generation %s, and goes on with the one it has', async (what, forge, said) => {
    const { revision, digest } = pointer();
    const good = JSON.parse(readFileSync(join(bed.store.dir, generationKey(revision, digest)), 'utf8')) as Generation;
    const before = held();
    const bad = canonicalJson({ ...forge(good), revision: revision + 1 } as unknown as Json);
    const named = what === 'whose bytes were changed' ? sha256('other') : sha256(bad);
    writeFileSync(join(bed.store.dir, generationKey(revision + 1, named)), bad);
    writeFileSync(join(bed.store.dir, CURRENT_KEY), canonicalJson({ version: 1, revision: revision + 1, digest: named }));
    await bed.cycle(machine);
    expect(await problems()).toContain(said);
    expect(held()).toBe(before);
    checkWhole();
    writeFileSync(join(bed.store.dir, CURRENT_KEY), canonicalJson({ version: 1, revision, digest }));
    await bed.cycle(machine);
    expect(await problems()).toBe('');
  });

  it('does not go back to an older generation, and up goes on from where hosts are', async () => {
    const backup = join(bed.dir, 'backup');
    mkdirSync(backup);
    const identity = join(bed.store.dir, 'authority/identity.json');
    copyFileSync(identity, join(backup, 'identity.json'));
    copyFileSync(join(bed.store.dir, CURRENT_KEY), join(backup, 'current.json'));
    const old = pointer();
    const body = readFileSync(join(bed.store.dir, generationKey(old.revision, old.digest)));
    await bed.add('one');
    await bed.add('two');
    await bed.cycle(machine);
    const before = held();
    copyFileSync(join(backup, 'identity.json'), identity);
    writeFileSync(join(bed.store.dir, generationKey(old.revision, old.digest)), body);
    copyFileSync(join(backup, 'current.json'), join(bed.store.dir, CURRENT_KEY));
    await bed.cycle(machine);
    expect(await problems()).toContain(`the store went back from revision ${before} to ${old.revision}: run slipway up`);
    expect(held()).toBe(before);
    expect(await bed.up()).toContain('generation');
    await bed.cycle(machine);
    expect(await problems()).toBe('');
    expect(held()).toBeGreaterThan(before);
  });
});
