import { describe, expect, it } from 'vitest';
import { createSmallWorld } from '../../test/support/vpn/small-world.ts';
import { addClient } from './clients.ts';
import { readIdentity } from './identity-store.ts';
import { fileKey, GENERATIONS_PREFIX, IDENTITY_KEY } from './layout.ts';
import { readVpnStatus } from './status.ts';
import { vpnStep } from './steps.ts';

const DAY = 86_400_000;

describe('the step that keeps the identity of a VPN', () => {
  it('makes all of it once, and then plans nothing', async () => {
    const world = createSmallWorld();
    expect(await world.up()).toMatchObject({ kind: 'create' });
    expect(await world.plan()).toEqual({ kind: 'none', summary: 'up to date' });
    const first = await readIdentity(world.access);
    expect(await world.up()).toMatchObject({ kind: 'none' });
    expect(await readIdentity(world.access)).toEqual(first);
  });

  it('says what it will make before its store is known', async () => {
    const step = vpnStep({ name: 'main', subject: 'Network/main', needs: [], inputs: async () => undefined });
    const { host, access } = createSmallWorld();
    const context = { host, signal: access.signal, timeoutMs: 1, record: undefined, outputs: () => undefined, report: () => {} };
    expect(step.change(await step.observe(context))).toMatchObject({ kind: 'deferred', announces: { 'VPN identity': 1 } });
  });

  it('renews the server and the list after two thirds of their lives, under the same authority', async () => {
    const world = createSmallWorld();
    await world.up();
    const first = await readIdentity(world.access);
    world.host.clock.advance(540 * DAY);
    expect(await world.plan()).toMatchObject({ kind: 'none' });
    world.host.clock.advance(15 * DAY);
    expect(await world.up()).toMatchObject({ kind: 'update', details: [{ object: 'server certificate' }] });
    const second = await readIdentity(world.access);
    expect(second?.server.certificatePem).not.toBe(first?.server.certificatePem);
    expect(second?.authority).toEqual(first?.authority);
    expect(second?.channelKey).toBe(first?.channelKey);
    expect(second?.sshHostKey).toEqual(first?.sshHostKey);
    expect(second?.revision).toBe((first?.revision ?? 0) + 1);
    expect(await world.plan()).toMatchObject({ kind: 'none' });
  });

  it('renews the list alone when only that is due', async () => {
    const world = createSmallWorld();
    world.settings = { ...world.settings, lives: { revocationListMs: 30 * DAY } };
    await world.up();
    const before = (await readVpnStatus(world.access)).ends;
    world.host.clock.advance(21 * DAY);
    expect((await readVpnStatus(world.access)).due).toMatchObject([{ what: 'revocation list' }]);
    await world.up();
    const after = (await readVpnStatus(world.access)).ends;
    expect(after.revocationList).toBe(before.revocationList + 21 * DAY);
    expect(after.server).toBe(before.server);
  });

  it('warns of an authority near its end and never makes another', async () => {
    const world = createSmallWorld();
    await world.up();
    const first = await readIdentity(world.access);
    world.host.clock.advance(6700 * DAY);
    await world.up();
    expect(world.findings.join()).toMatch(/the authority of the VPN ends 20\d\d/);
    expect((await readIdentity(world.access))?.authority).toEqual(first?.authority);
    world.host.clock.advance(700 * DAY);
    await expect(addClient(world.access, { name: 'late' })).rejects.toMatchObject({ code: 'SLW-VPN-007' });
  });

  it('takes over what the project says, and brings new programs before hosts are told of them', async () => {
    const world = createSmallWorld();
    await world.up();
    world.settings = { ...world.settings, port: 443, protocol: 'tcp' };
    world.provided = world.software('another agent');
    const digest = world.provided.software.agents['amd64']?.digest ?? '';
    const written: string[] = [];
    world.store.beforePut = (key) => void written.push(key);
    expect(await world.up()).toMatchObject({
      kind: 'update',
      details: [{ object: 'settings' }, { object: 'software' }, { object: '1 files for hosts' }],
    });
    expect(written[0]).toBe(fileKey(digest));
    expect(await world.given()).toMatchObject({ port: 443, protocol: 'tcp', agents: { amd64: { digest } } });
    expect((await world.given())?.serverConfig).toContain('\nproto tcp\n');
  });

  it('keeps the generation before for a host that is just reading it, and none older', async () => {
    const world = createSmallWorld();
    await world.up();
    for (const name of ['a', 'b', 'c']) await addClient(world.access, { name });
    const keys = await world.store.list(GENERATIONS_PREFIX, world.access.signal);
    expect(keys.map((key) => Number(key.slice(GENERATIONS_PREFIX.length).split('-')[0]))).toEqual([3, 4]);
  });

  it('outruns what hosts were given when the identity was put back from a backup', async () => {
    const world = createSmallWorld();
    await world.up();
    const backup = await world.store.get(IDENTITY_KEY, world.access.signal);
    for (const name of ['a', 'b']) await addClient(world.access, { name });
    await world.store.put(IDENTITY_KEY, backup?.body ?? new Uint8Array(), { signal: world.access.signal });
    expect((await world.plan()).kind).toBe('update');
    await world.up();
    expect(await world.given()).toMatchObject({ revision: 4, clients: [] });
    expect((await world.plan()).kind).toBe('none');
  });

  it('tells of a user whose keys cannot be fetched, and goes on', async () => {
    const world = createSmallWorld();
    world.settings = { ...world.settings, sshUsers: [{ name: 'dave', keys: [], keyUrls: ['https://127.0.0.1:9/dave.keys'], sudo: false }] };
    await world.up();
    expect(world.findings.join()).toContain('keys of SSH user dave could not be fetched');
    expect((await world.given())?.sshUsers).toMatchObject([{ name: 'dave', fetchedKeys: [] }]);
    expect((await world.plan()).kind).toBe('none');
  });
});
