import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../src/core/digest.ts';
import type { ProvidedSoftware } from '../../src/vpn/software.ts';
import { createVpnBed, type VpnBed, whyNoBed } from '../support/vpn/bed.ts';
import { CONNECTED } from '../support/vpn/client.ts';
import type { Machine } from '../support/vpn/machine.ts';

const why = whyNoBed();
const ARCH = process.arch === 'x64' ? 'amd64' : 'arm64';
const AGENT = '/usr/local/lib/slipway-vpn/agent';

/** One life of a host; each test goes on where the one before ended. */
describe.skipIf(why !== undefined)(`programs of a VPN host${why === undefined ? '' : ` (skipped: ${why})`}`, () => {
  let bed: VpnBed;
  let machine: Machine;
  let first: ProvidedSoftware;
  const installed = (): string => sha256(readFileSync(join(machine.root, AGENT)));
  const agent = (provided: ProvidedSoftware): string => provided.software.agents[ARCH]?.digest ?? '';

  /** Another agent in place of the first one. */
  const withAgent = (name: string, bytes: Uint8Array): ProvidedSoftware => {
    const path = join(bed.dir, name);
    writeFileSync(path, bytes);
    const digest = sha256(bytes);
    return { files: { ...first.files, [digest]: path }, software: { ...first.software, agents: { [ARCH]: { name, digest } } } };
  };

  beforeAll(async () => {
    bed = await createVpnBed({ id: 'e', net: 85, clients: ['alice'] });
    const deb = packOpenVpn(bed.dir);
    const digest = sha256(readFileSync(deb));
    const { files, software } = bed.provided;
    first = { files: { ...files, [digest]: deb }, software: { ...software, packages: [{ name: 'openvpn.deb', digest }] } };
    bed.provided = first;
    await bed.up();
  });
  afterAll(async () => bed?.close());

  it('are installed by digest on an image that has no OpenVPN and no way to a mirror', async () => {
    machine = await bed.boot(0, { without: ['/usr/sbin/openvpn'] });
    await bed.reports(({ state }) => state === 'ready');
    expect(await machine.run('dpkg-query', '--show', '--showformat=${Version}', 'openvpn')).toBe('99:1');
    expect(await machine.run('journalctl', '--no-pager')).not.toContain('apt-get');
    const alice = bed.connect('alice', await bed.add('alice'));
    await alice.says(CONNECTED);
    await alice.stop();
  });

  it('are the pinned agent first, and a newer one when up brings it', async () => {
    expect(installed()).toBe(agent(first));
    bed.provided = withAgent('newer', Buffer.concat([readFileSync(first.files[agent(first)] ?? ''), Buffer.from('\n')]));
    await bed.up();
    await bed.cycle(machine);
    expect(installed()).toBe(agent(bed.provided));
    await bed.cycle(machine);
    expect(await bed.reports(({ agent: own }) => own === agent(bed.provided))).toMatchObject({ state: 'ready' });
  });

  it('are never an agent that does not run here', async () => {
    const before = installed();
    bed.provided = withAgent('broken', Buffer.from('#!/bin/false\n'));
    await bed.up();
    await bed.cycle(machine);
    expect(installed()).toBe(before);
    const { problems } = await bed.reports(({ state }) => state === 'failing');
    expect(problems.join()).toMatch(/agent: the agent \w{12} is not usable here/);
  });
});

/** A package of the very OpenVPN that is on this machine. */
function packOpenVpn(dir: string): string {
  const root = join(dir, 'openvpn');
  mkdirSync(join(root, 'DEBIAN'), { recursive: true });
  mkdirSync(join(root, 'usr/sbin'), { recursive: true });
  copyFileSync('/usr/sbin/openvpn', join(root, 'usr/sbin/openvpn'));
  const control = [
    'Package: openvpn',
    'Version: 99:1',
    `Architecture: ${ARCH}`,
    'Maintainer: test <test@example.org>',
    'Description: OpenVPN',
    '',
  ];
  writeFileSync(join(root, 'DEBIAN/control'), control.join('\n'));
  execFileSync('dpkg-deb', ['--build', '--root-owner-group', root, join(dir, 'openvpn.deb')], { stdio: 'ignore' });
  return join(dir, 'openvpn.deb');
}
