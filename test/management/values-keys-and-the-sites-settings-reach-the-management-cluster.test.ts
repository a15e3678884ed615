import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { canaryToken } from '../support/canaries.ts';
import { DOWN, MANAGEMENT_PROJECT, planned, UP } from '../support/management.ts';
import { connect } from '../support/project-world.ts';
import { createSandbox, parseNdjson, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';

const MINUTES = 60_000;
const PASSWORD = canaryToken('registry');
const KEY = canaryToken('age-key');

const PROJECT = `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: ${MANAGEMENT_PROJECT}}
spec:
  site:
    registries:
      registry.example.com: {username: robot, password: {env: REGISTRY_PASSWORD}}
    proxy: {http: "http://proxy.example.com:3128", noProxy: [.example.com]}
    caBundles:
      example: {file: ./ca.pem}
---
apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: mgmt}
spec:
  provisioner: capi
  role: management
  capi:
    infrastructure: local
    addons:
      cloud-controller:
        manifests: ./addons
        substitute: {REGION: north}
  bootstrapCluster:
    provisioner: local
    gitops:
      repositories:
        seed:
          git: {url: ./seed, branch: main}
          kustomizations:
            values: {path: ./values}
`;

/** What a team brings onto the bootstrap cluster: values, and the key that decrypts its secrets. */
const VALUES = `apiVersion: v1
kind: Namespace
metadata: {name: team}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: values, namespace: team}
data: {domain: example.com}
---
apiVersion: v1
kind: Secret
metadata: {name: sops-age, namespace: team}
stringData: {age.agekey: ${KEY}}
`;

const ADDON = `apiVersion: v1
kind: ConfigMap
metadata: {name: cloud-config, namespace: kube-system}
data:
  text: "\${CLUSTER_NAME} in \${REGION} at \${CONTROL_PLANE_HOST}, pods \${POD_CIDR}"
`;

function selfSigned(): string {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];
  return execFileSync('openssl', ['req', '-x509', ...key, '-days', '2', '-subj', '/CN=example'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

let sandbox: Sandbox;
let mgmt: KubeClient;
const env = { REGISTRY_PASSWORD: PASSWORD };
beforeAll(() => {
  sandbox = createSandbox({
    files: {
      'slipway.yaml': PROJECT,
      'ca.pem': selfSigned(),
      'addons/cloud.yaml': ADDON,
      'seed/values/values.yaml': VALUES,
    },
  });
});
afterAll(async () => {
  await mgmt?.close();
  await sandbox.remove();
});

const get = async (
  kind: string,
  namespace: string,
  name: string,
): Promise<KubeObject & { readonly data?: Readonly<Record<string, string>> }> => {
  const found = await mgmt.get({ apiVersion: 'v1', kind, namespace, name });
  if (!found) throw new Error(`no ${kind}/${namespace}/${name} on mgmt`);
  return found;
};
const decoded = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString('utf8');

describe('a management cluster with the settings of its site', () => {
  it(
    'comes up from a bootstrap cluster with GitOps of its own',
    async () => {
      const up = await succeed(sandbox, UP, { env });
      expect(up.stderr).toContain('not copied: Secret/flux-system/seed-auth: made by Slipway');
      mgmt = await connect(sandbox, 'mgmt');
    },
    15 * MINUTES,
  );

  it('has values, Secrets and keys that were on the bootstrap cluster', async () => {
    expect((await get('ConfigMap', 'team', 'values')).data).toEqual({ domain: 'example.com' });
    expect(decoded((await get('Secret', 'team', 'sops-age')).data?.['age.agekey'])).toBe(KEY);
  });

  it('has registry credentials, proxy and authorities', async () => {
    const config = JSON.parse(decoded((await get('Secret', 'slipway-system', 'site-registries')).data?.['.dockerconfigjson'])) as {
      readonly auths: Readonly<Record<string, { readonly password: string }>>;
    };
    expect(config.auths['registry.example.com']?.password).toBe(PASSWORD);
    expect((await get('ConfigMap', 'slipway-system', 'site-proxy')).data).toMatchObject({ HTTPS_PROXY: 'http://proxy.example.com:3128' });
    expect((await get('ConfigMap', 'slipway-system', 'site-ca-bundles')).data?.['ca.crt']).toContain('BEGIN CERTIFICATE');
  });

  it('has its add-ons, with values that only the run knew', async () => {
    expect((await get('ConfigMap', 'kube-system', 'cloud-config')).data?.['text']).toBe('mgmt in north at 127.0.0.1, pods 10.244.0.0/16');
  });

  it(
    'plans nothing, and holds no secret in its journal',
    async () => {
      expect((await sandbox.run(['plan', '--detailed-exitcode'], { env })).code).toBe(0);
      const { stdout } = await succeed(sandbox, ['journal', 'show']);
      expect(parseNdjson(stdout).length).toBeGreaterThan(30);
      for (const secret of [PASSWORD, KEY, Buffer.from(KEY).toString('base64')]) expect(stdout).not.toContain(secret);
    },
    2 * MINUTES,
  );

  it(
    'goes down without the variable of its registry, and leaves nothing',
    async () => {
      expect((await planned(sandbox)).code).toBe(65);
      await succeed(sandbox, DOWN);
      expectNothingLeft({ sandbox, project: MANAGEMENT_PROJECT });
    },
    15 * MINUTES,
  );
});
