import { X509Certificate } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createSmallWorld, type SmallWorld } from '../../test/support/vpn/small-world.ts';
import { readRevocationList } from '../pki/revocation.ts';
import { addClient, listClients, removeClient } from './clients.ts';
import { readIdentity } from './identity-store.ts';
import { CURRENT_KEY, IDENTITY_KEY } from './layout.ts';
import { readVpnStatus } from './status.ts';

const DAY = 86_400_000;

async function ready(): Promise<SmallWorld> {
  const world = createSmallWorld();
  await world.up();
  return world;
}

describe('clients', () => {
  it('are added with a file that holds all they need, and known to hosts', async () => {
    const world = await ready();
    const { file, notAfter, serial } = await addClient(world.access, { name: 'alice' });
    expect(notAfter).toBe(world.host.clock.now() + 365 * DAY);
    const [authority = '', certificate = ''] = ['ca', 'cert'].map((name) => new RegExp(`<${name}>\n([^<]+)</${name}>`).exec(file)?.[1]);
    const parsed = new X509Certificate(certificate);
    expect(parsed.subject).toBe('CN=alice');
    expect(parsed.serialNumber.toLowerCase()).toBe(serial);
    expect(parsed.verify(new X509Certificate(authority).publicKey)).toBe(true);
    expect(file.replaceAll(/<(\w[\w-]*)>[^<]*<\/\1>/g, '<$1/>')).toMatchInlineSnapshot(`
      "# main. Made by Slipway. This file is a key: whoever has it is let in.
      client
      dev tun
      nobind
      remote 198.51.100.7 1194 udp
      resolv-retry infinite
      connect-retry 2 30
      auth-retry nointeract
      connect-timeout 10
      server-poll-timeout 10
      persist-key
      persist-tun
      remote-cert-tls server
      verify-x509-name main-vpn-server name
      tls-version-min 1.2
      tls-cert-profile preferred
      data-ciphers AES-256-GCM:AES-128-GCM:CHACHA20-POLY1305
      auth SHA256
      explicit-exit-notify 1
      verb 3
      <ca/>
      <cert/>
      <key/>
      <tls-crypt/>
      "
    `);
    expect((await world.given())?.clients).toEqual(['alice']);
  });

  it('never leave a private key in the store', async () => {
    const world = await ready();
    const { file } = await addClient(world.access, { name: 'alice' });
    const key = /<key>\n[^\n]+\n([^\n]+)/.exec(file)?.[1] ?? '';
    expect(key).toHaveLength(64);
    for (const name of await world.store.list('', world.access.signal)) {
      const object = await world.store.get(name, world.access.signal);
      expect(new TextDecoder().decode(object?.body)).not.toContain(key);
    }
  });

  it('are refused a second time under one name, and renewed when asked: the certificate before is revoked', async () => {
    const world = await ready();
    const first = await addClient(world.access, { name: 'alice' });
    await expect(addClient(world.access, { name: 'alice' })).rejects.toMatchObject({ code: 'SLW-VPN-003' });
    const second = await addClient(world.access, { name: 'alice', renew: true });
    const given = await world.given();
    expect(given?.clients).toEqual(['alice']);
    expect(given?.revoked).toEqual([{ serial: first.serial, name: 'alice' }]);
    expect((await readRevocationList(given?.revocationList ?? '')).serials).toEqual([first.serial]);
    expect(await listClients(world.access)).toEqual([{ name: 'alice', serial: second.serial, notAfter: second.notAfter, state: 'valid' }]);
  });

  it('end by themselves, and then the name is free', async () => {
    const world = await ready();
    await addClient(world.access, { name: 'guest', lifeMs: DAY });
    world.host.clock.advance(2 * DAY);
    expect(await listClients(world.access)).toMatchObject([{ name: 'guest', state: 'expired' }]);
    await addClient(world.access, { name: 'guest' });
    expect(await listClients(world.access)).toMatchObject([{ name: 'guest', state: 'valid' }]);
  });

  it.each(['', '-a', 'a b', 'a/b', '../a', 'ä', 'DEFAULT', 'main-vpn-server', 'a'.repeat(64)])('cannot be called %j', async (name) => {
    const world = await ready();
    await expect(addClient(world.access, { name })).rejects.toMatchObject({ code: 'SLW-VPN-005' });
  });

  it('want an identity, and one that can be read', async () => {
    const world = createSmallWorld();
    await expect(addClient(world.access, { name: 'a' })).rejects.toMatchObject({ code: 'SLW-VPN-001' });
    await expect(listClients(world.access)).rejects.toMatchObject({ code: 'SLW-VPN-001' });
    await world.store.put(IDENTITY_KEY, new TextEncoder().encode('{"version":2}'), { signal: world.access.signal });
    await expect(addClient(world.access, { name: 'a' })).rejects.toMatchObject({ code: 'SLW-VPN-002' });
    await expect(world.up()).rejects.toMatchObject({ code: 'SLW-VPN-002' });
  });

  it('are revoked again without harm, and unknown ones are named', async () => {
    const world = await ready();
    await addClient(world.access, { name: 'bob' });
    expect(await removeClient(world.access, 'bob')).toMatchObject({ wasRevoked: false });
    const before = await readIdentity(world.access);
    expect(await removeClient(world.access, 'bob')).toMatchObject({ wasRevoked: true });
    expect(await readIdentity(world.access)).toEqual(before);
    await expect(removeClient(world.access, 'eve')).rejects.toMatchObject({ code: 'SLW-VPN-004' });
    await expect(removeClient(world.access, 'main-vpn-server')).rejects.toMatchObject({ code: 'SLW-VPN-004' });
  });

  it('are not lost when several operators add them at once', async () => {
    const world = await ready();
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map((name) => addClient(world.access, { name })));
    expect((await listClients(world.access)).map(({ name }) => name)).toEqual(names);
    expect((await world.given())?.clients).toEqual(names);
  });

  it('revoked just before a kill are given to hosts by the next verb, and status says so until then', async () => {
    const world = await ready();
    await addClient(world.access, { name: 'bob' });
    world.store.beforePut = (key) => {
      if (key === CURRENT_KEY) throw new Error('killed');
    };
    await expect(removeClient(world.access, 'bob')).rejects.toThrow('killed');
    world.store.beforePut = () => {};
    expect((await readVpnStatus(world.access)).published).toBe(false);
    expect((await world.given())?.clients).toEqual(['bob']);
    expect((await world.plan()).summary).toContain('generation');
    expect(await removeClient(world.access, 'bob')).toMatchObject({ wasRevoked: true });
    expect((await world.given())?.clients).toEqual([]);
    expect((await readVpnStatus(world.access)).published).toBe(true);
  });

  it('are what any sequence of verbs makes of them, and a kill in between loses nothing', async () => {
    const verb = fc.constantFrom('add', 'renew', 'revoke', 'up');
    const act = fc.record({ verb, name: fc.constantFrom('a', 'b', 'c'), dies: fc.constantFrom(0, 0, 0, 1, 2, 3) });
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const world = await ready();
        let revision = 0;
        for (const { verb: name, name: client, dies } of acts) {
          let writes = 0;
          world.store.beforePut = () => {
            writes += 1;
            if (writes === dies) throw new Error('killed');
          };
          await perform(world, name, client).catch(() => {});
          world.store.beforePut = () => {};
          const given = await world.given();
          expect(given?.revision).toBeGreaterThanOrEqual(revision);
          revision = given?.revision ?? 0;
        }
        await world.up();
        const [identity, given] = [await readIdentity(world.access), await world.given()];
        const clients = identity?.certificates.filter(({ use }) => use === 'client') ?? [];
        const live = new Set(clients.filter(({ revokedAt }) => revokedAt === undefined).map(({ name }) => name));
        expect(given?.clients).toEqual([...live].sort());
        const { serials } = await readRevocationList(given?.revocationList ?? '');
        expect([...serials].sort()).toEqual(
          clients
            .filter(({ revokedAt }) => revokedAt !== undefined)
            .map(({ serial }) => serial)
            .sort(),
        );
        // One live certificate for each name at most.
        for (const name of live) expect(clients.filter((each) => each.name === name && each.revokedAt === undefined)).toHaveLength(1);
        expect((await world.plan()).kind).toBe('none');
      }),
      { numRuns: 12 },
    );
  });
});

async function perform(world: SmallWorld, verb: string, name: string): Promise<unknown> {
  if (verb === 'up') return world.up();
  if (verb === 'revoke') return removeClient(world.access, name);
  return addClient(world.access, { name, renew: verb === 'renew' });
}
