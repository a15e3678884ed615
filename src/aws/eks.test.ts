import { describe, expect, it } from 'vitest';
import { createVirtualHost } from '../../test/support/virtual-host.ts';
import { connectAws } from './aws.ts';
import { eksKubeconfig, eksToken, execCredential } from './eks.ts';
import { stateBucketName } from './state-bucket.ts';

const { signal } = new AbortController();
const base = createVirtualHost();
const variables: Readonly<Record<string, string>> = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'planted-secret-key' };
const host = { ...base, env: { ...base.env, get: (name: string) => variables[name], variables: () => variables } };

describe('a token for EKS', () => {
  it('is a presigned question for who we are, bound to the cluster', async () => {
    const { token, expiresAt } = await eksToken(connectAws(host, { region: 'eu-west-1' }), 'demo', signal);
    expect(token).toMatch(/^k8s-aws-v1\.[A-Za-z0-9_-]+$/);
    const url = new URL(Buffer.from(token.slice('k8s-aws-v1.'.length), 'base64url').toString('utf8'));
    expect(url.origin).toBe('https://sts.eu-west-1.amazonaws.com');
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      Action: 'GetCallerIdentity',
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host;x-k8s-aws-id',
    });
    expect(expiresAt - host.clock.now()).toBe(14 * 60_000);
    expect(url.href).not.toContain('planted');
  });

  it('is printed as client-go wants it', () => {
    expect(execCredential({ token: 't', expiresAt: Date.UTC(2026, 0, 1, 0, 14) })).toEqual({
      apiVersion: 'client.authentication.k8s.io/v1',
      kind: 'ExecCredential',
      status: { token: 't', expirationTimestamp: '2026-01-01T00:14:00Z' },
    });
  });
});

describe('a kubeconfig for EKS', () => {
  it('holds no secret and names the server of a tunnel without losing the name that TLS proves', () => {
    const cluster = { name: 'demo', endpoint: 'https://ABC.gr7.eu-west-1.eks.amazonaws.com', certificateAuthority: 'PEM' };
    const text = eksKubeconfig({
      cluster,
      region: 'eu-west-1',
      profile: 'staging',
      command: '/opt/slipway',
      via: { server: 'https://127.0.0.1:4711' },
    });
    expect(JSON.parse(text)).toMatchObject({
      clusters: [
        {
          cluster: {
            server: 'https://127.0.0.1:4711',
            'tls-server-name': 'abc.gr7.eu-west-1.eks.amazonaws.com',
            'certificate-authority-data': Buffer.from('PEM').toString('base64'),
          },
        },
      ],
      users: [
        {
          user: {
            exec: {
              command: '/opt/slipway',
              args: ['serve', 'eks-token', '--cluster', 'demo', '--region', 'eu-west-1', '--profile', 'staging'],
              interactiveMode: 'Never',
            },
          },
        },
      ],
    });
  });
});

describe('the name of a state bucket', () => {
  it('is readable where it fits, and different for different projects where it does not', () => {
    const where = { account: '123456789012', region: 'ap-southeast-1' };
    expect(stateBucketName({ project: 'demo', ...where })).toBe('slipway-demo-123456789012-ap-southeast-1');
    const long = ['a', 'b'].map((end) => stateBucketName({ project: `${'platform-'.repeat(6)}${end}`, ...where }));
    expect(new Set(long).size).toBe(2);
    for (const name of long) expect(name).toMatch(/^[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9]$/);
  });
});
