import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVpnBed, type VpnBed, whyNoBed } from '../support/vpn/bed.ts';
import { CONNECTED } from '../support/vpn/client.ts';
import type { Machine } from '../support/vpn/machine.ts';

const why = whyNoBed();

describe.skipIf(why !== undefined)(`a VPN host${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let bed: VpnBed;
  let machine: Machine;

  beforeAll(async () => {
    bed = await createVpnBed({ id: 'a', net: 81, clients: ['alice', 'bob'] });
  });
  afterAll(async () => bed?.close());

  it('boots before there is an identity, and serves as soon as there is one', async () => {
    machine = await bed.boot();
    expect(await bed.up()).toContain('make the authority');
    expect(await bed.reports(({ state }) => state === 'ready')).toMatchObject({ host: 'main-vpn-0', openvpn: 'running', problems: [] });
  });

  it('lets a client in, and on to the private network alone', async () => {
    expect(bed.fetchInside('alice')).toBeUndefined();
    const alice = bed.connect('alice', await bed.add('alice'));
    bed.cycle(machine);
    await alice.says(CONNECTED);
    expect(bed.fetchInside('alice')).toContain('Directory listing');
  });
});
