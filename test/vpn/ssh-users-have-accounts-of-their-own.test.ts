import { createServer, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SshUser } from '../../src/vpn/vpn.ts';
import { createVpnBed, type VpnBed, whyNoBed } from '../support/vpn/bed.ts';
import { createSshKey, ssh, type SshKey } from '../support/vpn/client.ts';
import type { Machine } from '../support/vpn/machine.ts';

const why = whyNoBed();

/** One life of a host's users; each test goes on where the one before ended. */
describe.skipIf(why !== undefined)(`SSH users of a VPN host${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let bed: VpnBed;
  let machine: Machine;
  let forge: Server;
  let forgeUrl: string;
  let served: string;
  const keys: Record<string, SshKey> = {};
  const user = (name: string, more: Partial<SshUser> = {}): SshUser => ({ name, keys: [], keyUrls: [], sudo: false, ...more });
  const login = (name: string, key: string, command = 'id -un') =>
    ssh(
      bed.dir,
      { namespace: bed.networks.namespace('desk'), user: name, address: bed.settings.endpoints[0] ?? '', key: keys[key] as SshKey },
      command,
    );
  /** Of a host that has just reported: its SSH server starts beside the agent and may be the later one. */
  const letsIn = async (name: string, key: string): Promise<void> => {
    await expect.poll(() => login(name, key), { timeout: 60_000, interval: 500 }).toMatchObject({ code: 0, stdout: `${name}\n` });
  };

  beforeAll(async () => {
    bed = await createVpnBed({ id: 'b', net: 82, clients: ['desk'] });
    for (const name of ['anna', 'carol']) keys[name] = createSshKey(bed.dir, name);
    served = `${keys['carol']?.publicLine}\n<html>not a key</html>\n`;
    forge = createServer((_request, response) => response.end(served));
    await new Promise<void>((resolve) => forge.listen(0, bed.networks.here, resolve));
    forgeUrl = `http://${bed.networks.here}:${(forge.address() as { port: number }).port}/carol.keys`;
  });
  afterAll(async () => {
    forge?.closeAllConnections();
    forge?.close();
    await bed?.close();
  });

  it('lets each in under a name of its own, although the forge of one does not answer', async () => {
    machine = await bed.boot();
    await bed.up({
      operatorName: 'operator',
      sshUsers: [
        user('anna', { keys: [keys['anna']?.publicLine ?? ''], sudo: true }),
        user('carol', { keyUrls: [forgeUrl] }),
        user('dave', { keyUrls: [`http://${bed.networks.here}:9/dave.keys`] }),
        user('daemon', { keys: [keys['carol']?.publicLine ?? ''] }),
      ],
    });
    expect(bed.findings.join('\n')).toContain('keys of SSH user dave could not be fetched');
    const { problems } = await bed.reports(({ revision, openvpn }) => revision > 0 && openvpn === 'running');
    expect(problems.join('\n')).toMatch(/users: SSH user dave: .*connection refused/);
    expect(problems.join('\n')).toContain('SSH user daemon: another account has this name');
    await letsIn('anna', 'anna');
    expect(await login('carol', 'carol')).toMatchObject({ code: 0, stdout: 'carol\n' });
    expect(await login('operator', 'carol')).toMatchObject({ code: 0, stdout: 'operator\n' });
    expect(await login('anna', 'carol')).toMatchObject({ code: 255 });
    expect(await login('daemon', 'carol')).toMatchObject({ code: 255 });
    expect(await login('root', 'anna')).toMatchObject({ code: 255 });
  });

  it('makes root only of those who may', async () => {
    expect(await login('anna', 'anna', 'sudo -n id -u')).toMatchObject({ code: 0, stdout: '0\n' });
    expect((await login('carol', 'carol', 'sudo -n id -u')).code).not.toBe(0);
  });

  it('takes over a key that changed at the forge, and goes on with the last ones when the forge is silent', async () => {
    keys['new'] = createSshKey(bed.dir, 'new');
    served = `${keys['new'].publicLine}\n`;
    await bed.cycle(machine);
    expect(await login('carol', 'new')).toMatchObject({ code: 0 });
    expect(await login('carol', 'carol')).toMatchObject({ code: 255 });
    served = 'x'.repeat(100_000);
    await bed.cycle(machine);
    expect(await login('carol', 'new')).toMatchObject({ code: 0 });
    served = `${keys['new'].publicLine}\n`;
  });

  it('closes the account of somebody who left, also what is open, and opens it again', async () => {
    const open = login('anna', 'anna', 'echo here; sleep 600');
    const [anna, ...others] = bed.settings.sshUsers;
    await bed.up({ sshUsers: others });
    await bed.cycle(machine);
    expect((await open).code).not.toBe(0);
    expect(await login('anna', 'anna')).toMatchObject({ code: 255 });
    expect(await login('operator', 'anna')).toMatchObject({ code: 255 });
    await bed.up({ sshUsers: [anna as SshUser, ...others] });
    await bed.cycle(machine);
    expect(await login('anna', 'anna')).toMatchObject({ code: 0 });
  });

  it('is known by the same key after the host was lost', async () => {
    const lost = await bed.reports(() => true);
    await machine.destroy();
    machine = await bed.boot();
    await bed.reports(({ instance, openvpn }) => openvpn === 'running' && instance !== lost.instance);
    await letsIn('anna', 'anna');
    expect(await login('carol', 'new')).toMatchObject({ code: 0 });
  });
});
