import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireIdentity } from '../../src/vpn/identity-store.ts';
import { readVpnStatus } from '../../src/vpn/status.ts';
import { createVpnBed, type VpnBed, whyNoBed } from '../support/vpn/bed.ts';
import { CONNECTED, REFUSED } from '../support/vpn/client.ts';
import type { Machine } from '../support/vpn/machine.ts';

const why = whyNoBed();
/** Long enough for a busy machine to boot a host in, short enough to wait for its end. */
const SHORT_MS = 120_000;

describe.skipIf(why !== undefined)(`short-lived certificates of a VPN${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let bed: VpnBed;
  let machine: Machine;
  const files: Record<string, string> = {};
  const onHost = (): X509Certificate => new X509Certificate(readFileSync(join(machine.root, 'var/lib/slipway-vpn/current/server.crt')));

  beforeAll(async () => {
    bed = await createVpnBed({
      id: 'c',
      net: 83,
      clients: ['alice', 'bob'],
      settings: { lives: { serverMs: SHORT_MS, revocationListMs: SHORT_MS } },
    });
  });
  afterAll(async () => bed?.close());

  it('are renewed by up when two thirds of their life are over, and clients go on', async () => {
    await bed.up();
    for (const name of ['alice', 'bob', 'mallory']) files[name] = await bed.add(name);
    await bed.revoke('mallory');
    machine = await bed.boot();
    await bed.reports(({ openvpn }) => openvpn === 'running');
    const alice = bed.connect('alice', files['alice'] ?? '');
    await alice.says(CONNECTED);
    const first = onHost();
    expect(await bed.up()).toBe('up to date');
    await until(async () => (await dueNow(bed)).includes('server certificate'));
    const said = alice.output().length;
    const { ends } = await readVpnStatus(bed.access);
    expect(await bed.up()).toContain('server certificate');
    expect((await readVpnStatus(bed.access)).ends.revocationList).toBeGreaterThan(ends.revocationList);
    await bed.cycle(machine);
    expect(onHost().serialNumber).not.toBe(first.serialNumber);
    await alice.says(CONNECTED, { from: said });
    // The first ones are at their end: what works now works by the new ones.
    await until(async () => Date.now() > first.validToDate.getTime());
    const bob = bed.connect('bob', files['bob'] ?? '');
    await bob.says(CONNECTED);
    expect(await bed.fetchInside('bob')).toContain('Directory listing');
    await bob.stop();
    const mallory = bed.connect('bob', files['mallory'] ?? '');
    await mallory.says(REFUSED);
    await mallory.stop();
  });

  it('shut everybody out when nobody renews them, which status and the host tell; up opens again', async () => {
    await until(async () => Date.now() > onHost().validToDate.getTime());
    await bed.cycle(machine);
    await bed.reports(
      ({ state, problems }) => state === 'failing' && /the server certificate ends .*: run slipway up/.test(problems.join('\n')),
    );
    const { ends } = await readVpnStatus(bed.access);
    expect(Math.min(ends.server, ends.revocationList)).toBeLessThan(Date.now());
    const late = bed.connect('bob', files['bob'] ?? '');
    await late.says(/certificate has expired|certificate verify failed/);
    await late.stop();
    await bed.up({ lives: {} });
    await bed.cycle(machine);
    const again = bed.connect('bob', files['bob'] ?? '');
    await again.says(CONNECTED);
    expect((await requireIdentity(bed.access)).settings.lives).toEqual({});
  });
});

async function dueNow(bed: VpnBed): Promise<string> {
  return (await readVpnStatus(bed.access)).due.map(({ what }) => what).join(', ');
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 3 * SHORT_MS; !(await holds()); await sleep(300)) if (Date.now() > end) throw new Error('it never came');
}
