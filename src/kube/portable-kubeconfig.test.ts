import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createNodeHost } from '../host/node.ts';
import { portableKubeconfig } from './portable-kubeconfig.ts';

const host = createNodeHost();
const dir = mkdtempSync(join(tmpdir(), 'slipway-portable-'));
const path = join(dir, 'config');
writeFileSync(join(dir, 'ca.crt'), 'authority');
writeFileSync(join(dir, 'me.crt'), 'certificate');
writeFileSync(join(dir, 'me.key'), 'key');
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const two = `
apiVersion: v1
kind: Config
current-context: one
contexts: [{name: one, context: {cluster: a, user: me}}, {name: two, context: {cluster: b, user: robot, namespace: apps}}]
clusters: [{name: a, cluster: {server: "https://a", certificate-authority: ca.crt}}, {name: b, cluster: {server: "https://b", certificate-authority-data: YQ==}}]
users: [{name: me, user: {client-certificate: ./me.crt, client-key: ${join(dir, 'me.key')}}}, {name: robot, user: {tokenFile: token, exec: {apiVersion: client.authentication.k8s.io/v1, command: ./bin/login}}}]
`;

describe('portableKubeconfig', () => {
  it('puts files inside and leaves other contexts out', async () => {
    expect(parse(await portableKubeconfig(host, two, { path }))).toEqual({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'one',
      contexts: [{ name: 'one', context: { cluster: 'a', user: 'me' } }],
      clusters: [{ name: 'a', cluster: { server: 'https://a', 'certificate-authority-data': base64('authority') } }],
      users: [{ name: 'me', user: { 'client-certificate-data': base64('certificate'), 'client-key-data': base64('key') } }],
    });
  });

  it('makes the chosen context the current one, with absolute paths of what is not a certificate', async () => {
    const portable = parse(await portableKubeconfig(host, two, { path, context: 'two' })) as Record<string, unknown>;
    expect(portable['current-context']).toBe('two');
    expect(portable['users']).toEqual([
      {
        name: 'robot',
        user: { tokenFile: join(dir, 'token'), exec: { apiVersion: 'client.authentication.k8s.io/v1', command: join(dir, 'bin/login') } },
      },
    ]);
  });

  it('gives back the very text when there is nothing to do, and only then', async () => {
    const once = await portableKubeconfig(host, two, { path });
    expect(await portableKubeconfig(host, once, {})).toBe(once);
  });

  it('names a file or a context that is not there', async () => {
    await expect(portableKubeconfig(host, two.replace('ca.crt', 'gone.crt'), { path })).rejects.toMatchObject({
      code: 'SLW-KUB-023',
      message: expect.stringContaining(join(dir, 'gone.crt')),
    });
    await expect(portableKubeconfig(host, two, { path, context: 'three' })).rejects.toMatchObject({ code: 'SLW-KUB-021' });
  });
});
