import { execFileSync, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { canariesIn, canaryToken, createSshKey, recordCommands, spyOnProcesses } from '../support/canaries.ts';
import { createSandbox, killPid } from '../support/slipway.ts';

const sandbox = createSandbox();
const canaries = { token: canaryToken('control'), sshKey: createSshKey(join(sandbox.dir, 'key')) };
afterAll(() => sandbox.remove());

const seen = (text: string): readonly string[] => canariesIn(text, canaries);

describe('the eyes of the canary tests', () => {
  it('are calm where nothing is', () => {
    expect(seen('canary- nothing of the kind, ssh-ed25519 AAAAC3NzaC1lZDI1NTE5')).toEqual([]);
  });

  it.each([
    ['plain', (secret: string) => `error: token ${secret} was refused`],
    ['base64 alone', (secret: string) => Buffer.from(secret).toString('base64')],
    ['base64 behind a user name', (secret: string) => Buffer.from(`git:${secret}`).toString('base64')],
    ['base64 behind another user name', (secret: string) => Buffer.from(`robots:${secret}\n`).toString('base64')],
    ['hexadecimal', (secret: string) => Buffer.from(secret).toString('hex')],
    ['JSON', (secret: string) => JSON.stringify({ data: { secret } })],
    ['cut at both ends', (secret: string) => secret.slice(5, -5)],
  ])('see a token in %s', (_form, leak) => {
    expect(seen(leak(canaries.token)).length).toBeGreaterThan(0);
  });

  it('see one line of a key, and a key in JSON', () => {
    expect(seen(canaries.sshKey.split('\n')[1] ?? '').length).toBeGreaterThan(0);
    expect(seen(JSON.stringify(canaries.sshKey)).length).toBeGreaterThan(0);
  });

  it('see a command called with a secret, in argv or environment', () => {
    const recorder = recordCommands(join(sandbox.dir, 'a'), ['git']);
    const call = (args: readonly string[], env: Readonly<Record<string, string>>): void =>
      void execFileSync('git', [...args], { env: { PATH: recorder.path, ...env }, stdio: 'ignore' });
    call(['--version'], {});
    expect([recorder.saw('git'), seen(recorder.calls())]).toEqual([true, []]);
    call(['-c', `http.extraHeader=Authorization: ${canaries.token}`, '--version'], {});
    expect(seen(recorder.calls()).length).toBeGreaterThan(0);
    const other = recordCommands(join(sandbox.dir, 'b'), ['git']);
    execFileSync('git', ['--version'], { env: { PATH: other.path, SECRET: canaries.token } });
    expect(seen(other.calls()).length).toBeGreaterThan(0);
  });

  it('see a secret in argv and environment of a running process', async () => {
    const spy = spyOnProcesses(canaries);
    const children = [
      spawn('sleep', ['60'], { env: { SECRET: canaries.token } }),
      spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', canaries.token]),
    ];
    const bound = AbortSignal.timeout(20_000);
    const caught = (where: string): boolean => spy.sightings.some((sighting) => sighting.includes(where));
    while (!(caught('in argv') && caught('in the environment')) && !bound.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
    spy.stop();
    for (const child of children) killPid(child.pid ?? 0);
    expect([caught('in argv'), caught('in the environment')]).toEqual([true, true]);
  });

  it('see a secret that a project shows because nothing marks it as one', async () => {
    writeFileSync(
      join(sandbox.project, 'slipway.yaml'),
      `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\nspec: {provisioner: local, ${canaries.token}: 1}\n`,
    );
    const { stdout, stderr } = await sandbox.run(['validate']);
    expect(seen(stdout + stderr).length).toBeGreaterThan(0);
  });

  it('see keys of a VPN and of a state in argv, in a file and in user data', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const vpn = { authority: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), channelKey: randomBytes(64).toString('hex') };
    const spy = spyOnProcesses({});
    // Without the two dashes node takes a key that begins with dashes for an option, and ends at once.
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)', '--', vpn.authority]);
    const bound = AbortSignal.timeout(20_000);
    const argvs = (): string => [...spy.argvs].join('\n');
    while (canariesIn(argvs(), vpn).length === 0 && !bound.aborted) await new Promise((resolve) => setTimeout(resolve, 10));
    spy.stop();
    killPid(child.pid ?? 0);
    expect(canariesIn(argvs(), vpn).some((found) => found.startsWith('authority'))).toBe(true);
    expect(canariesIn(JSON.stringify({ server: { key: vpn.authority } }), vpn).length).toBeGreaterThan(0);
    const userData = Buffer.from(`#cloud-config\nkey: ${vpn.channelKey}\n`).toString('base64');
    expect(canariesIn(userData, vpn).length).toBeGreaterThan(0);
  });
});
