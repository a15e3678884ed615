import { describe, expect, it } from 'vitest';
import { SlipwayError } from '../core/errors.ts';
import { readKubeconfig } from './kubeconfig.ts';

const CONFIG = `apiVersion: v1
kind: Config
current-context: one
clusters:
- name: c1
  cluster:
    server: https://10.0.0.1:6443
    certificate-authority-data: ${Buffer.from('CA PEM').toString('base64')}
    tls-server-name: api.example
    proxy-url: http://proxy:3128
- name: c2
  cluster: {server: "http://localhost:8080", insecure-skip-tls-verify: true, certificate-authority: ca.crt}
users:
- name: u1
  user:
    client-certificate-data: ${Buffer.from('CERT').toString('base64')}
    client-key: keys/u1.key
    as: robot
    as-groups: [a, b]
- name: u2
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: aws
      args: [eks, get-token]
      env: [{name: AWS_PROFILE, value: dev}]
      interactiveMode: Never
      provideClusterInfo: true
- name: u3
  user: {auth-provider: {name: oidc}}
contexts:
- name: one
  context: {cluster: c1, user: u1, namespace: apps}
- name: two
  context: {cluster: c2, user: u2}
- name: three
  context: {cluster: c2, user: u3}
- name: dangling
  context: {cluster: nowhere, user: u1}
- name: anonymous
  context: {cluster: c1}
`;

function failure(act: () => unknown): SlipwayError {
  try {
    act();
  } catch (error) {
    if (error instanceof SlipwayError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

describe('readKubeconfig', () => {
  it('reads the current context with inline and file data', () => {
    const chosen = readKubeconfig(CONFIG);
    expect(chosen).toMatchObject({
      context: 'one',
      namespace: 'apps',
      cluster: { insecure: false, ca: { pem: 'CA PEM' }, tlsServerName: 'api.example' },
      user: { certificate: { pem: 'CERT' }, key: { file: 'keys/u1.key' }, impersonate: { user: 'robot', groups: ['a', 'b'] } },
    });
    expect(chosen.cluster.server.host).toBe('10.0.0.1:6443');
    expect(chosen.cluster.proxy?.host).toBe('proxy:3128');
    expect(chosen.user.foreign).toBeUndefined();
  });

  it('reads the context asked for, with its credential plugin', () => {
    expect(readKubeconfig(CONFIG, { context: 'two' })).toMatchObject({
      cluster: { insecure: true, ca: { file: 'ca.crt' } },
      user: {
        exec: {
          command: 'aws',
          args: ['eks', 'get-token'],
          env: { AWS_PROFILE: 'dev' },
          interactiveMode: 'Never',
          provideClusterInfo: true,
        },
      },
    });
  });

  it('marks what it does not read as foreign', () => {
    expect(readKubeconfig(CONFIG, { context: 'three' }).user.foreign).toBe('auth-provider');
  });

  it('allows a context without a user', () => {
    expect(readKubeconfig(CONFIG, { context: 'anonymous' }).user).toEqual({});
  });

  it('reads JSON too', () => {
    const json = JSON.stringify({
      'current-context': 'x',
      contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
      clusters: [{ name: 'x', cluster: { server: 'https://h' } }],
      users: [{ name: 'x', user: { token: 'abc' } }],
    });
    expect(readKubeconfig(json).user.token).toBe('abc');
  });

  it.each([
    [
      'an unknown context',
      CONFIG,
      'nope',
      'SLW-KUB-021',
      'kubeconfig has no context "nope"; it has one, two, three, dangling, anonymous',
      32,
    ],
    ['a dangling cluster', CONFIG, 'dangling', 'SLW-KUB-021', 'kubeconfig has no cluster "nowhere"; it has c1, c2', 5],
    ['an empty file', '', undefined, 'SLW-KUB-020', 'kubeconfig is empty', 1],
    ['a list', '- a\n', undefined, 'SLW-KUB-020', 'kubeconfig is not a mapping', 1],
    ['broken YAML', 'a: [1\nb: {', undefined, 'SLW-KUB-020', /kubeconfig is not YAML/, 2],
    [
      'no current-context',
      'kind: Config\ncontexts: []\n',
      undefined,
      'SLW-KUB-021',
      'kubeconfig has no current-context; its contexts are none',
      1,
    ],
    ['a wrong type', 'current-context: [x]\n', undefined, 'SLW-KUB-020', 'kubeconfig field current-context is not a text', 1],
    [
      'a server that is no URL',
      CONFIG.replace('https://10.0.0.1:6443', '10.0.0.1'),
      undefined,
      'SLW-KUB-020',
      /field server is not a URL/,
      7,
    ],
    [
      'data that is not base64',
      CONFIG.replace('client-certificate-data: ', 'client-certificate-data: (x)'),
      undefined,
      'SLW-KUB-020',
      'kubeconfig field client-certificate-data is not base64',
      16,
    ],
  ])('names the position of %s', (...[, text, context, code, message, line]) => {
    const error = failure(() => readKubeconfig(text, { ...(context !== undefined && { context }), file: '/k/config' }));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.at).toMatchObject({ file: '/k/config', line });
  });

  it('never repeats a token in an error', () => {
    const error = failure(() => readKubeconfig(CONFIG.replace('as: robot', 'token: [s3cr3t-value]')));
    expect(error.message).not.toContain('s3cr3t');
  });
});
