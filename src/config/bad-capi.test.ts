import { describe, expect, it } from 'vitest';
import { SlipwayErrors } from '../core/errors.ts';
import { loadProject } from './load.ts';
import { hostWith } from './memory-host.ts';

const MGMT = `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: mgmt}
spec:
  provisioner: capi
  role: management
  bootstrapCluster: {provisioner: local}
  capi: {infrastructure: local}
---
`;
/** The first field of capi stands in line 16, column 5. */
const WEB = `${MGMT}apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: web}
spec:
  provisioner: capi
  capi:
`;
const DEV = `${WEB}    managementCluster: mgmt\n    infrastructure: dev\n`;
const OPENSTACK = `${WEB}    managementCluster: mgmt
    infrastructure: openstack
    kubernetesVersion: "1.34.5"
    machine: {image: a, flavor: b}
    openstack: {credentials: {env: CLOUDS}}
`;
const AWS = OPENSTACK.replace('infrastructure: openstack', 'infrastructure: aws')
  .replace('{image: a, flavor: b}', '{instanceType: m7i.large}')
  .replace(/openstack: .*/, 'aws: {region: a, identity: {kind: AWSClusterControllerIdentity, name: default}}');
const VSPHERE = OPENSTACK.replace('infrastructure: openstack', 'infrastructure: vsphere')
  .replace('{image: a, flavor: b}', '{template: a}')
  .replace(
    /openstack: .*/,
    'vsphere: {server: a, datacenter: b, network: c, credentials: {username: d, password: {env: CLOUDS}}}\n    endpoint: {host: 10.0.0.9}',
  );
const SITE = `apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: a}\nspec:\n  site:\n`;
const AFTER = `---\n${MGMT.replace('---\n', '')}`;

/** title, project file, what is reported and where */
const cases: readonly (readonly [string, string, ...string[]])[] = [
  ['unknown infrastructure', `${WEB}    {managementCluster: mgmt, infrastructure: openstak}\n`, 'SLW-CFG-016 16:47'],
  ['missing infrastructure', `${WEB}    {managementCluster: mgmt}\n`, 'SLW-CFG-015 15:3'],
  ['workload without management cluster', `${WEB}    {infrastructure: dev}\n`, 'SLW-CFG-046 15:3'],
  ['management cluster that is not there', DEV.replace('managementCluster: mgmt', 'managementCluster: mgmtt'), 'SLW-CFG-051 16:24'],
  [
    'management cluster that is none',
    DEV.replace('managementCluster: mgmt', 'managementCluster: web'),
    'SLW-CFG-028 16:24',
    'SLW-CFG-051 16:24',
  ],
  [
    'workload with a bootstrap cluster and a pivot',
    `${DEV}  bootstrapCluster: {provisioner: local}\n  pivot: {}\n`,
    'SLW-CFG-046 18:3',
    'SLW-CFG-046 19:3',
  ],
  ['management without bootstrap cluster', MGMT.replace('  bootstrapCluster: {provisioner: local}\n', ''), 'SLW-CFG-046 4:1'],
  [
    'management with a management cluster',
    MGMT.replace('{infrastructure: local}', '{infrastructure: local, managementCluster: x}'),
    'SLW-CFG-046 8:33',
    'SLW-CFG-051 8:52',
  ],
  [
    'bootstrap cluster not built yet',
    MGMT.replace('bootstrapCluster: {provisioner: local}', 'bootstrapCluster: {provisioner: kind}'),
    'SLW-CFG-020 7:35',
  ],
  [
    'bootstrap cluster misspelt',
    MGMT.replace('bootstrapCluster: {provisioner: local}', 'bootstrapCluster: {provisioner: lokal}'),
    'SLW-CFG-016 7:35',
  ],
  ['Flux on a simulated API server', `${DEV}  gitops: {}\n`, 'SLW-CFG-045 18:3'],
  ['add-ons on a simulated API server', `${DEV}    addons: {cni: {manifests: ./fleet}}\n`, 'SLW-CFG-045 18:5'],
  ['management cluster that is simulated', MGMT.replace('infrastructure: local', 'infrastructure: dev'), 'SLW-CFG-045 6:9'],
  ['RKE2 on simulated machines', `${DEV}    bootstrap: rke2\n    kubernetesVersion: "1.34.5+rke2r1"\n`, 'SLW-CFG-045 18:16'],
  ['workers without machines', MGMT.replace('{infrastructure: local}', '{infrastructure: local, workers: {a: {}}}'), 'SLW-CFG-045 8:33'],
  [
    'version that is not pinned',
    MGMT.replace('{infrastructure: local}', '{infrastructure: local, kubernetesVersion: "1.30.0"}'),
    'SLW-CFG-040 8:52',
  ],
  ['version as a number', `${DEV}    kubernetesVersion: 1.36\n`, 'SLW-CFG-014 18:24'],
  ['version that is not whole', `${DEV}    kubernetesVersion: "1.36"\n`, 'SLW-CFG-016 18:24'],
  ['version of RKE2 for kubeadm', OPENSTACK.replace('"1.34.5"', '"1.34.5+rke2r1"'), 'SLW-CFG-050 18:24'],
  ['version of kubeadm for RKE2', `${OPENSTACK}    bootstrap: rke2\n`, 'SLW-CFG-050 18:24'],
  ['version left out where images hold one', OPENSTACK.replace(/ {4}kubernetesVersion.*\n/, ''), 'SLW-CFG-015 15:3'],
  ['even control plane', `${DEV}    controlPlane: {replicas: 2}\n`, 'SLW-CFG-049 18:30'],
  ['control plane of nobody', `${DEV}    controlPlane: {replicas: 0}\n`, 'SLW-CFG-016 18:30', 'SLW-CFG-049 18:30'],
  ['flavor of another cloud', AWS.replace('instanceType: m7i.large', 'instanceType: m7i.large, flavor: m1'), 'SLW-CFG-044 19:40'],
  ['settings of another cloud', `${DEV}    vsphere: {}\n`, 'SLW-CFG-015 18:5', 'SLW-CFG-044 18:5'],
  ['settings of the cloud left out', OPENSTACK.replace(/ {4}openstack: .*\n/, ''), 'SLW-CFG-015 15:3'],
  ['image left out for every group', OPENSTACK.replace('{image: a, flavor: b}', '{flavor: b}'), 'SLW-CFG-015 15:3'],
  [
    'image left out for one pool',
    `${OPENSTACK.replace('{image: a, flavor: b}', '{flavor: b}')}    controlPlane: {machine: {image: a}}\n    workers: {a: {}}\n`,
    'SLW-CFG-015 22:15',
  ],
  ['literal secret', OPENSTACK.replace('{env: CLOUDS}', 'clouds.yaml'), 'SLW-CFG-031 20:30'],
  [
    'both identities',
    AWS.replace('region: a', 'region: a, credentials: {accessKeyId: {env: CLOUDS}, secretAccessKey: {env: CLOUDS}}'),
    'SLW-CFG-023 20:10',
  ],
  ['subnets without their network', AWS.replace('region: a', 'region: a, subnets: [b]'), 'SLW-CFG-044 20:22'],
  ['endpoint left out', VSPHERE.replace(/ {4}endpoint: .*\n/, ''), 'SLW-CFG-015 15:3'],
  ['endpoint where it is found out', `${OPENSTACK}    endpoint: {host: 10.0.0.9}\n`, 'SLW-CFG-044 21:5'],
  ['endpoint left out without load balancer', OPENSTACK.replace('{env: CLOUDS}', '{env: CLOUDS}, loadBalancer: false'), 'SLW-CFG-015 15:3'],
  ['thumbprint that is none', VSPHERE.replace('server: a', 'server: a, thumbprint: "AB:CD"'), 'SLW-CFG-016 20:38'],
  ['class for a cloud', `${OPENSTACK}    topology: clusterClass\n`, 'SLW-CFG-045 21:15'],
  ['settings of RKE2 for kubeadm', `${DEV}    rke2: {cni: none}\n`, 'SLW-CFG-044 18:5'],
  ['range that is none', `${DEV}    network: {podCidr: 10.0.0.1/16, serviceCidr: 10.0.0.0/33}\n`, 'SLW-CFG-047 18:24', 'SLW-CFG-047 18:50'],
  ['ranges that overlap', `${DEV}    network: {podCidr: 10.96.128.0/17}\n`, 'SLW-CFG-048 18:24'],
  ['range over that of the machines', OPENSTACK.replace('{env: CLOUDS}', '{env: CLOUDS}, nodeCidr: 10.244.7.0/24'), 'SLW-CFG-048 20:55'],
  ['pool of an impossible name', `${DEV}    workers: {Pool: {}}\n`, 'SLW-CFG-017 18:15'],
  ['pool of a name too long', `${DEV}    workers: {${'a'.repeat(47)}: {}}\n`, 'SLW-CFG-052 18:15'],
  ['pool like the control plane', `${DEV}    workers: {control-plane: {}}\n`, 'SLW-CFG-052 18:15'],
  [
    'pools of two clusters that would be one object',
    `${DEV}    workers: {b-c: {}}\n---\n${DEV.slice(MGMT.length).replace('name: web', 'name: web-b')}    workers: {c: {}}\n`,
    'SLW-CFG-052 28:15',
  ],
  ['name of a bootstrap cluster', `${DEV.replace('name: web', 'name: mgmt-bootstrap')}`, 'SLW-CFG-054 12:18'],
  ['share that is none', `${DEV}    controlPlane: {healthCheck: {unhealthyLimit: "140%"}}\n`, 'SLW-CFG-016 18:50'],
  ['add-on that is not there', `${OPENSTACK}    addons: {cni: {manifests: ./cni.yaml}}\n`, 'SLW-CFG-053 21:31'],
  [
    'two actions in one hook',
    MGMT.replace(
      '---\n',
      '  pivot: {hooks: {before: [{cluster: source, suspend: {kind: Kustomization, name: a}, resume: {kind: Kustomization, name: a}}]}}\n',
    ),
    'SLW-CFG-023 9:28',
  ],
  [
    'circle in the GitOps of the bootstrap cluster',
    MGMT.replace(
      '{provisioner: local}',
      '{provisioner: local, gitops: {repositories: {a: {git: {url: ./fleet}, kustomizations: {b: {path: ., dependsOn: [b]}}}}}}',
    ),
    'SLW-CFG-025 7:133',
  ],
  ['half an account at a registry', `${SITE}    registries: {a.example.com: {username: b}}\n${AFTER}`, 'SLW-CFG-015 6:18'],
  ['registry that is no host', `${SITE}    registries: {"https://a.example.com": {}}\n${AFTER}`, 'SLW-CFG-016 6:18'],
  ['password in a proxy', `${SITE}    proxy: {http: "http://a:b@proxy:3128"}\n${AFTER}`, 'SLW-CFG-037 6:19'],
  ['proxy that is no URL', `${SITE}    proxy: {https: proxy:3128}\n${AFTER}`, 'SLW-CFG-016 6:20'],
  ['proxy of nothing', `${SITE}    proxy: {noProxy: [a]}\n${AFTER}`, 'SLW-CFG-015 6:5'],
  [
    'token and key for one server',
    `${SITE}    gitServers: {a.example.com: {token: {env: CLOUDS}, ssh: {knownHosts: b}}}\n${AFTER}`,
    'SLW-CFG-023 6:33',
  ],
];

describe('bad input for provisioner capi', () => {
  it.each(cases)('%s', async (_title, text, ...expected) => {
    const thrown = await loadProject(hostWith(text, { env: { CLOUDS: 'long enough' } }), '.').then(
      () => undefined,
      (error: unknown) => error,
    );
    if (!(thrown instanceof SlipwayErrors)) throw thrown ?? new Error('the project was accepted');
    expect(thrown.errors.map(({ code, at }) => `${code} ${at?.line}:${at?.col}`)).toEqual(expected);
  });

  it('proposes what was meant', async () => {
    const text = DEV.replace('infrastructure: dev', 'infrastructur: dev').replace('managementCluster: mgmt', 'managementCluster: mgnt');
    await expect(loadProject(hostWith(text), '.')).rejects.toMatchObject({
      errors: expect.arrayContaining([
        expect.objectContaining({ code: 'SLW-CFG-012', fix: 'did you mean "infrastructure"?' }),
        expect.objectContaining({ code: 'SLW-CFG-051', fix: 'did you mean "mgmt"?' }),
      ]),
    });
  });

  it.each([
    ['dev', DEV],
    ['openstack', OPENSTACK],
    ['aws', AWS],
    ['vsphere', VSPHERE],
  ])('takes %s as it stands', async (_name, text) => {
    await expect(loadProject(hostWith(text, { env: { CLOUDS: 'long enough' } }), '.')).resolves.toMatchObject({ name: 'mgmt' });
  });
});
