import { describe, expect, it } from 'vitest';
import { loadProject } from './load.ts';
import { hostWith } from './memory-host.ts';
import type { CapiCluster } from './resolved.ts';

const project = async (text: string) =>
  loadProject(hostWith(text, { env: { TOKEN: 'long enough', PASSWORD: 'long enough', KUBE: 'apiVersion: v1\nkind: Config' } }), '.');
const MGMT = `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: mgmt}
spec:
  provisioner: capi
  role: management
  capi: {infrastructure: local}
  bootstrapCluster: {provisioner: local}
`;
const WEB = `---
apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: web}
spec:
  provisioner: capi
  capi:
    infrastructure: openstack
    kubernetesVersion: v1.34.5
    managementCluster: mgmt
    machine: {image: a, flavor: small, rootVolume: {sizeGiB: 20}}
    controlPlane: {replicas: 3, machine: {flavor: large}}
    workers: {z: {}, a: {machine: {rootVolume: {sizeGiB: 90}}, healthCheck: {enabled: false}}}
    addons: {cni: {manifests: ./fleet, substitute: {MTU: "1450"}}}
    openstack: {credentials: {env: TOKEN}}
`;

const capiOf = (clusters: readonly { readonly provisioner: string }[], index: number) => clusters[index] as CapiCluster;

describe('a cluster of provisioner capi', () => {
  it('as management cluster has what makes it, and defaults for the rest', async () => {
    const { clusters } = await project(MGMT);
    expect(capiOf(clusters, 0)).toMatchObject({
      role: 'management',
      needs: [],
      bootstrapCluster: { provisioner: 'local', gitops: undefined },
      pivot: { enabled: true, timeoutMs: undefined, hooks: { before: [], after: [] } },
      capi: {
        infrastructure: 'local',
        kubernetesVersion: 'v1.36.3',
        namespace: 'default',
        managementCluster: undefined,
        topology: 'plain',
        workers: [],
        controlPlane: { replicas: 1 },
      },
    });
  });

  it('as workload cluster comes after its management cluster, with machines filled in field by field', async () => {
    const { clusters } = await project(MGMT + WEB);
    const web = capiOf(clusters, 1);
    expect(web).toMatchObject({ role: 'workload', needs: ['Cluster/mgmt'], bootstrapCluster: undefined, pivot: undefined });
    expect(web.capi.kubernetesVersion).toBe('v1.34.5');
    expect(web.capi.controlPlane).toEqual({
      replicas: 3,
      machine: { image: 'a', flavor: 'large', rootVolume: { sizeGiB: 20 } },
      healthCheck: { timeoutSeconds: 300, nodeStartupTimeoutSeconds: 1200, unhealthyLimit: '40%' },
    });
    expect(
      web.capi.workers.map(({ name, machine, healthCheck }) => [name, machine.rootVolume?.sizeGiB, healthCheck?.timeoutSeconds]),
    ).toEqual([
      ['z', 20, 300],
      ['a', 90, undefined],
    ]);
    expect(web.capi.addons).toMatchObject([{ name: 'cni', manifests: '/p/fleet' }]);
    expect(web.capi).toMatchObject({ openstack: { cloud: 'openstack', credentials: { kind: 'env', name: 'TOKEN', secret: true } } });
  });

  it('takes hooks, a bound and an existing bootstrap cluster', async () => {
    const { clusters } = await project(
      `${MGMT.replace('{provisioner: local}', '{provisioner: existing, existing: {kubeconfig: {env: KUBE}}}')}` +
        '  pivot: {timeout: 2m, hooks: {before: [{cluster: source, suspend: {kind: HelmRelease, name: a}}], after: [{cluster: target, scale: {namespace: b, name: c, replicas: 0}}]}}\n',
    );
    expect(capiOf(clusters, 0).bootstrapCluster).toMatchObject({
      provisioner: 'existing',
      existing: { kubeconfig: { kind: 'env', name: 'KUBE' } },
    });
    expect(capiOf(clusters, 0).pivot).toEqual({
      enabled: true,
      timeoutMs: 120_000,
      hooks: {
        before: [{ on: 'source', action: 'suspend', object: { kind: 'HelmRelease', namespace: 'flux-system', name: 'a' } }],
        after: [{ on: 'target', action: 'scale', object: { kind: 'Deployment', namespace: 'b', name: 'c', replicas: 0 } }],
      },
    });
  });
});

describe('the site', () => {
  const SITE = `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: a}
spec:
  site:
    registries: {registry.example.com: {username: robot, password: {env: PASSWORD}}, mirrored.example.com: {mirror: m.example.com}}
    gitServers:
      git.example.com: {token: {env: TOKEN}, caBundle: AUTHORITY}
      ssh.example.com: {ssh: {knownHosts: KEYS}}
    proxy: {http: "http://proxy.example.com:3128"}
---
`;
  const repository = (name: string, source: string) => `      ${name}: ${source}\n`;
  const LOCAL = `apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: b}\nspec:\n  provisioner: local\n  gitops:\n    repositories:\n`;

  it('is the same for every cluster, and empty when nothing is said', async () => {
    const { clusters, site } = await project(SITE + MGMT);
    expect(clusters[0]?.site).toBe(site);
    expect(site).toMatchObject({
      proxy: { https: 'http://proxy.example.com:3128', noProxy: [] },
      registries: [{ host: 'registry.example.com' }, { mirror: 'm.example.com', auth: undefined }],
    });
    expect((await project(MGMT)).site).toEqual({ registries: [], gitServers: [], proxy: undefined, caBundles: [] });
  });

  it('authenticates repositories that say nothing themselves, by host and by the way they are reached', async () => {
    const { clusters } = await project(
      SITE +
        LOCAL +
        repository('inherits', '{git: {url: "https://git.example.com/a.git"}}') +
        repository('says-so', '{git: {url: "https://git.example.com/b.git", auth: {token: {env: PASSWORD}, username: own}}}') +
        repository('elsewhere', '{git: {url: "https://other.example.com/c.git"}}') +
        repository('keyed', '{git: {url: "ssh://git@ssh.example.com/d.git"}}') +
        repository('artifact', '{oci: {url: "oci://registry.example.com/e"}}') +
        repository('lookalike', '{oci: {url: "oci://registry.example.com.evil.org/e"}}'),
    );
    const auth = clusters[0]?.gitops?.repositories.map(({ name, source }) => [name, source.auth]);
    expect(Object.fromEntries(auth ?? [])).toMatchObject({
      inherits: { type: 'token', username: 'git', token: { name: 'TOKEN', subject: 'Project/a' } },
      'says-so': { type: 'token', username: 'own', token: { name: 'PASSWORD' } },
      elsewhere: undefined,
      keyed: { type: 'ssh', knownHosts: { text: 'KEYS' } },
      artifact: { username: { text: 'robot' }, password: { name: 'PASSWORD' } },
      lookalike: undefined,
    });
    expect(clusters[0]?.gitops?.repositories[0]?.source).toMatchObject({ caBundle: { text: 'AUTHORITY' } });
  });

  it('says host keys for ssh, and not for others', async () => {
    const keyed = (host: string) => project(`${SITE}${LOCAL}${repository('a', `{git: {url: "ssh://git@${host}/d.git"}}`)}`);
    await expect(keyed('ssh.example.com')).resolves.toMatchObject({ name: 'a' });
    await expect(keyed('git.example.com')).rejects.toMatchObject({ errors: [{ code: 'SLW-CFG-038' }] });
  });
});
