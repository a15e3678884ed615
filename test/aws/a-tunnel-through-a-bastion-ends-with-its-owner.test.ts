/** The way to a private API through a bastion: real ssh, real sshd, nothing left behind. */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createNodeHost } from '../../src/host/node.ts';
import { openTunnel, type TunnelOptions } from '../../src/provisioners/eks/tunnel.ts';
import { REPOSITORY } from '../support/slipway.ts';
import { type SshServer, startSshd, whyNoSshd } from '../support/sshd.ts';
import { processesMentioning } from '../support/world.ts';

const host = createNodeHost();
const why = whyNoSshd();

describe.skipIf(why !== undefined)(`a tunnel through a bastion${why === undefined ? '' : ` (${why})`}`, () => {
  let dir: string;
  let sshd: SshServer;
  let api: Server;
  let options: TunnelOptions;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'slipway-tunnel-'));
    sshd = await startSshd(dir);
    const identityFile = join(dir, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', identityFile]);
    sshd.accept([readFileSync(`${identityFile}.pub`, 'utf8').trim()]);
    const knownHosts = join(dir, 'known_hosts');
    writeFileSync(knownHosts, `${sshd.knownHosts}\n`);
    api = createServer((socket) => void socket.end('hello'));
    await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
    const target = { host: '127.0.0.1', port: (api.address() as AddressInfo).port };
    options = {
      bastion: { user: sshd.user, host: '127.0.0.1', port: sshd.port },
      identityFile,
      knownHosts,
      target,
      signal: new AbortController().signal,
    };
  });

  afterAll(() => {
    api?.close();
    sshd?.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const ssh = (): readonly unknown[] => processesMentioning(`UserKnownHostsFile=${join(dir, 'known_hosts')}`);
  const untilGone = async (): Promise<void> => {
    while (ssh().length > 0) await sleep(20);
  };

  it('leads there while it is open, and not afterwards', async () => {
    const tunnel = await openTunnel(host, options);
    const port = Number(new URL(tunnel.server).port);
    expect(await host.net.canConnect('127.0.0.1', port, 5_000)).toBe(true);
    await tunnel.close();
    await tunnel.close();
    await untilGone();
    expect(await host.net.canConnect('127.0.0.1', port, 5_000)).toBe(false);
  });

  it('is gone after its owner was killed', async () => {
    const { signal: _signal, ...rest } = options;
    const child = spawn(process.execPath, [join(REPOSITORY, 'test/support/tunnel-main.ts'), JSON.stringify(rest)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = await new Promise<string>((resolve) => child.stdout.once('data', (data: Buffer) => resolve(data.toString())));
    expect(said).toMatch(/^https:\/\/127\.0\.0\.1:\d+\n$/);
    expect(ssh().length).toBeGreaterThan(0);
    child.kill('SIGKILL');
    await untilGone();
  });

  it('says what ssh says when it does not open', async () => {
    const empty = join(dir, 'none');
    writeFileSync(empty, '');
    await expect(openTunnel(host, { ...options, knownHosts: empty })).rejects.toMatchObject({
      code: 'SLW-EKS-006',
      message: expect.stringMatching(/[Hh]ost key/),
    });
    sshd.accept([]);
    await expect(openTunnel(host, options)).rejects.toMatchObject({
      code: 'SLW-EKS-006',
      exit: 75,
      message: expect.stringMatching(/Permission denied/),
    });
    await untilGone();
  });
});
