import { describe, expect, it } from 'vitest';
import { gitopsObjects } from './objects.ts';
import type { KustomizationSource, RepositorySource } from './source.ts';

const unit = (name: string, more: Partial<KustomizationSource> = {}): KustomizationSource => ({
  name,
  path: `./${name}`,
  dependsOn: [],
  wait: true,
  prune: true,
  interval: '10m',
  timeout: '5m',
  retryInterval: '1m',
  ...more,
});
const timing = { interval: '1m', timeout: '60s' };
const plain: RepositorySource = {
  name: 'fleet',
  git: { url: 'https://git.example.com/fleet.git', ref: { branch: 'main' }, ...timing },
  kustomizations: [unit('apps', { dependsOn: ['platform'] }), unit('platform')],
};

describe('objects for Flux', () => {
  it('are a source and its Kustomizations, by the names of the project', () => {
    expect(gitopsObjects([plain], 'me')).toMatchInlineSnapshot(`
      [
        {
          "apiVersion": "source.toolkit.fluxcd.io/v1",
          "kind": "GitRepository",
          "metadata": {
            "labels": {
              "app.kubernetes.io/managed-by": "slipway",
              "slipway.dev/owner": "me",
            },
            "name": "fleet",
            "namespace": "flux-system",
          },
          "spec": {
            "interval": "1m",
            "ref": {
              "branch": "main",
            },
            "timeout": "60s",
            "url": "https://git.example.com/fleet.git",
          },
        },
        {
          "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
          "kind": "Kustomization",
          "metadata": {
            "labels": {
              "app.kubernetes.io/managed-by": "slipway",
              "slipway.dev/owner": "me",
            },
            "name": "apps",
            "namespace": "flux-system",
          },
          "spec": {
            "dependsOn": [
              {
                "name": "platform",
              },
            ],
            "interval": "10m",
            "path": "./apps",
            "prune": true,
            "retryInterval": "1m",
            "sourceRef": {
              "kind": "GitRepository",
              "name": "fleet",
            },
            "timeout": "5m",
            "wait": true,
          },
        },
        {
          "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
          "kind": "Kustomization",
          "metadata": {
            "labels": {
              "app.kubernetes.io/managed-by": "slipway",
              "slipway.dev/owner": "me",
            },
            "name": "platform",
            "namespace": "flux-system",
          },
          "spec": {
            "interval": "10m",
            "path": "./platform",
            "prune": true,
            "retryInterval": "1m",
            "sourceRef": {
              "kind": "GitRepository",
              "name": "fleet",
            },
            "timeout": "5m",
            "wait": true,
          },
        },
      ]
    `);
  });

  it('put credentials into Secrets and nowhere else', () => {
    const sources: RepositorySource[] = [
      {
        name: 'http',
        git: {
          url: 'https://x/y.git',
          ref: { tag: 'v1' },
          ...timing,
          auth: { kind: 'basic', username: 'git', password: 'TOKEN-VALUE' },
          caBundle: 'PEM',
        },
        kustomizations: [],
      },
      {
        name: 'ssh',
        git: {
          url: 'ssh://git@x/y.git',
          ref: { commit: 'c' },
          ...timing,
          auth: { kind: 'ssh', identity: 'KEY-VALUE', publicKey: 'PUB', knownHosts: 'KNOWN' },
        },
        kustomizations: [unit('sealed', { ageKey: 'AGE-VALUE' })],
      },
      {
        name: 'oci',
        oci: {
          url: 'oci://registry.example.com:5000/fleet',
          ref: { tag: 'latest' },
          ...timing,
          insecure: true,
          auth: { username: 'robot', password: 'PASS-VALUE' },
        },
        kustomizations: [],
      },
    ];
    const objects = gitopsObjects(sources, 'me');
    const secrets = objects.filter(({ kind }) => kind === 'Secret');
    const decoded = secrets.map((secret) => [
      secret.metadata.name,
      secret['type'],
      Object.fromEntries(
        Object.entries(secret['data'] as Record<string, string>).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]),
      ),
    ]);
    expect(decoded).toEqual([
      ['http-auth', 'Opaque', { username: 'git', password: 'TOKEN-VALUE', 'ca.crt': 'PEM' }],
      ['ssh-auth', 'Opaque', { identity: 'KEY-VALUE', 'identity.pub': 'PUB', known_hosts: 'KNOWN' }],
      [
        'oci-registry',
        'kubernetes.io/dockerconfigjson',
        {
          '.dockerconfigjson': JSON.stringify({
            auths: {
              'registry.example.com:5000': {
                username: 'robot',
                password: 'PASS-VALUE',
                auth: Buffer.from('robot:PASS-VALUE').toString('base64'),
              },
            },
          }),
        },
      ],
      ['sealed-sops-age', 'Opaque', { 'slipway.agekey': 'AGE-VALUE' }],
    ]);
    expect(JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'))).not.toMatch(/-VALUE/);
    expect(objects.find(({ kind }) => kind === 'OCIRepository')?.['spec']).toMatchObject({
      insecure: true,
      secretRef: { name: 'oci-registry' },
    });
    expect(objects.find(({ metadata }) => metadata.name === 'sealed')?.['spec']).toMatchObject({
      decryption: { provider: 'sops', secretRef: { name: 'sealed-sops-age' } },
    });
  });
});
