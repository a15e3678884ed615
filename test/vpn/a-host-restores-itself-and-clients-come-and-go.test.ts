import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVpnBed, type VpnBed, whyNoBed } from '../support/vpn/bed.ts';
import { CONNECTED, REFUSED, type VpnClient } from '../support/vpn/client.ts';
import type { Machine } from '../support/vpn/machine.ts';

const why = whyNoBed();

/** One life of a VPN; each test goes on where the one before ended. */
describe.skipIf(why !== undefined)(`a VPN host${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let bed: VpnBed;
  let machine: Machine;
  const files: Record<string, string> = {};
  let alice: VpnClient;
  let bob: VpnClient;

  beforeAll(async () => {
    bed = await createVpnBed({ id: 'a', net: 81, clients: ['alice', 'bob'] });
  });
  afterAll(async () => bed?.close());

  it('boots before there is an identity, and serves as soon as there is one', async () => {
    machine = await bed.boot();
    expect(await bed.up()).toContain('make the authority');
    expect(await bed.reports(({ state }) => state === 'ready')).toMatchObject({ host: 'main-vpn-0', openvpn: 'running', problems: [] });
    expect(bed.services.log).toContain('AssociateAddress eipalloc-0 → 200');
  });

  it('lets clients in, and on to the private network', async () => {
    expect(await bed.fetchInside('alice')).toBeUndefined();
    for (const name of ['alice', 'bob']) files[name] = await bed.add(name);
    await bed.cycle(machine);
    alice = bed.connect('alice', files['alice'] ?? '');
    bob = bed.connect('bob', files['bob'] ?? '');
    await Promise.all([alice.says(CONNECTED), bob.says(CONNECTED)]);
    expect(alice.output()).toContain("Data Channel: cipher 'AES-256-GCM'");
    expect(alice.output()).toContain('Control Channel: TLSv1.3');
    expect(await bed.fetchInside('alice')).toContain('Directory listing');
    expect(await bed.fetchInside('bob')).toContain('Directory listing');
  });

  it('keeps keys to itself, and nothing of the authority', async () => {
    const current = join(machine.root, 'var/lib/slipway-vpn/generations');
    const [generation = ''] = readdirSync(current);
    const names = readdirSync(join(current, generation));
    for (const name of names.filter((each) => each !== 'clients'))
      expect(statSync(join(current, generation, name)).mode & 0o777).toBe(0o600);
    const identity = JSON.parse(readFileSync(join(bed.store.dir, 'authority/identity.json'), 'utf8')) as {
      authority: { privateKeyPem: string };
    };
    const secret = identity.authority.privateKeyPem.split('\n')[1] ?? '';
    expect(secret.length).toBeGreaterThan(40);
    for (const name of names.filter((each) => each !== 'clients'))
      expect(readFileSync(join(current, generation, name), 'utf8')).not.toContain(secret);
    expect(bed.services.log.filter((line) => line.includes('authority/'))).toEqual([]);
  });

  it('ends the session of a revoked client within one cycle, and leaves the others alone', async () => {
    const [toldAlice, toldBob] = [alice.output().length, bob.output().length];
    await bed.revoke('bob');
    await bed.cycle(machine);
    await bob.says(/Halt command was pushed by server/, { from: toldBob });
    // The server's side of the session ends five seconds after that word, whatever the client makes of it.
    await bob.says(/process exiting/, { from: toldBob });
    await bed.cycle(machine);
    await bed.reports(({ connected }) => connected.join() === 'alice');
    expect(await bed.fetchInside('bob')).toBeUndefined();
    expect(await bed.fetchInside('alice')).toContain('Directory listing');
    expect(alice.output().slice(toldAlice)).not.toMatch(CONNECTED);
    await bob.stop();
  });

  it('is lost with its disk: the next one takes its place from the store alone, and old files go on working', async () => {
    const toldAlice = alice.output().length;
    const lost = await bed.reports(() => true);
    await machine.destroy();
    machine = await bed.boot();
    await bed.reports(({ state, instance }) => state === 'ready' && instance !== lost.instance);
    await alice.says(CONNECTED, { from: toldAlice, boundMs: 180_000 });
    expect(await bed.fetchInside('alice')).toContain('Directory listing');
    const again = bed.connect('bob', files['bob'] ?? '');
    await again.says(REFUSED);
    expect(again.output()).not.toMatch(CONNECTED);
    await again.stop();
  });

  it('comes back by itself after a power loss, although the store is out of reach', async () => {
    bed.services.outage = 503;
    const toldAlice = alice.output().length;
    await machine.crash();
    await alice.says(CONNECTED, { from: toldAlice, boundMs: 240_000 });
    expect(await bed.fetchInside('alice')).toContain('Directory listing');
    bed.services.outage = undefined;
    await bed.cycle(machine);
    await bed.reports(({ state }) => state === 'ready');
  });

  it('has a second one that takes its clients over when it is gone', async () => {
    await alice.stop();
    await bed.up({ endpoints: Object.values(bed.networks.fixed) });
    const file = await bed.add('carol');
    const second = await bed.boot(1);
    await bed.cycle(machine);
    await bed.reports(({ host, state }) => host === 'main-vpn-1' && state === 'ready');
    const carol = bed.connect('alice', file);
    await carol.says(CONNECTED);
    const [first = '', other = ''] = Object.values(bed.networks.fixed);
    const isOnFirst = carol.output().includes(`Peer Connection Initiated with [AF_INET]${first}`);
    const told = carol.output().length;
    await (isOnFirst ? machine : second).destroy();
    await carol.says(CONNECTED, { from: told, boundMs: 240_000 });
    expect(carol.output().slice(told)).toContain(`Peer Connection Initiated with [AF_INET]${isOnFirst ? other : first}`);
    expect(await bed.fetchInside('alice')).toContain('Directory listing');
  });
});
