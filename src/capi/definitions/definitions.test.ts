import { describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import type { KubeObject } from '../../kube/types.ts';
import { renderDefinitions } from './definitions.ts';
import { SAMPLE_NAMES, sampleCluster } from './sample-clusters.ts';

const rendered = async (name: string, edit?: (project: string) => string): Promise<readonly KubeObject[]> => {
  const { cluster, text } = await sampleCluster(name, edit);
  return renderDefinitions(cluster, text);
};
const yaml = (objects: readonly KubeObject[]): string =>
  objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 0 })).join('---\n');
const ofKind = (objects: readonly KubeObject[], kind: string) => objects.filter((object) => object.kind === kind);
const named = (objects: readonly KubeObject[], kind: string) => ofKind(objects, kind).map(({ metadata }) => metadata.name);

describe('renderDefinitions', () => {
  it.each(SAMPLE_NAMES)('renders %s as its golden file says', async (name) => {
    await expect(yaml(await rendered(name))).toMatchFileSnapshot(`golden/${name}.yaml`);
  });

  it.each(SAMPLE_NAMES)('gives %s references that lead to its own objects, and no name twice', async (name) => {
    const objects = await rendered(name);
    const keys = objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(new Set(keys).size).toBe(keys.length);
    const refs = [...JSON.stringify(objects).matchAll(/\{"(?:apiGroup|apiVersion)":"[^"]+","kind":"([^"]+)","name":"([^"]+)"[,}]/g)];
    expect(refs.length).toBeGreaterThan(1);
    for (const [, kind, target] of refs) expect(keys).toContain(`${kind}/${target}`);
  });

  it.each(SAMPLE_NAMES.filter((name) => !/local$|dev$/.test(name)))('keeps secrets of %s in Secrets alone', async (name) => {
    const objects = await rendered(name);
    const open = JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret'));
    for (const secret of ['registry-password', 'aws-secret-access-key', 'vsphere-password', 'AKIAIOSFODNN7EXAMPLE', 'long-enough'])
      expect(open).not.toContain(secret);
    expect(named(objects, 'Secret')).toContain('web-registries');
  });

  it('gives a changed template a new name, and leaves the others alone', async () => {
    const before = await rendered('kubeadm-openstack');
    const after = await rendered('kubeadm-openstack', (project) =>
      project.replace('replicas: 3\n        healthCheck', 'replicas: 4\n        machine: {flavor: m1.huge}\n        healthCheck'),
    );
    const changed = named(after, 'OpenStackMachineTemplate').filter((name) => !named(before, 'OpenStackMachineTemplate').includes(name));
    expect(changed).toEqual([expect.stringMatching(/^web-general-[0-9a-f]{8}$/)]);
    expect(named(after, 'KubeadmConfigTemplate')).toEqual(named(before, 'KubeadmConfigTemplate'));
    expect(JSON.stringify(ofKind(after, 'MachineDeployment'))).toContain(changed[0]);
  });

  it('names no template anew when only numbers of machines change', async () => {
    const [before, after] = [await rendered('dev'), await rendered('dev', (project) => project.replaceAll('replicas: 3', 'replicas: 5'))];
    expect(named(after, 'DevMachineTemplate')).toEqual(named(before, 'DevMachineTemplate'));
    expect(after).not.toEqual(before);
  });

  it('shares a class between clusters that are alike, and not between those that differ', async () => {
    const [one, other] = [
      await rendered('class-dev'),
      await rendered('class-dev', (project) => project.replace('{name: web}', '{name: web}').replaceAll('replicas: 3', 'replicas: 1')),
    ];
    expect(named(other, 'ClusterClass')).toEqual(named(one, 'ClusterClass'));
    const different = await rendered('class-dev', (project) => project.replace('topology:', 'dev: {startup: {node: 1s}}\n    topology:'));
    expect(named(different, 'ClusterClass')).not.toEqual(named(one, 'ClusterClass'));
  });

  it('always lets one unhealthy machine of a small pool be replaced', async () => {
    const objects = await rendered('dev', (project) =>
      project.replace('healthCheck: {enabled: false}', 'healthCheck: {unhealthyLimit: "40%"}'),
    );
    const limits = ofKind(objects, 'MachineHealthCheck').map(({ metadata, ['spec']: spec }) => [
      metadata.name,
      (spec as { remediation: { triggerIf: unknown } }).remediation.triggerIf,
    ]);
    expect(Object.fromEntries(limits)).toEqual({
      'web-control-plane': { unhealthyLessThanOrEqualTo: '40%' },
      'web-general': { unhealthyLessThanOrEqualTo: '50%' },
      'web-ingress': { unhealthyLessThanOrEqualTo: 1 },
    });
  });

  it('always annotates what the in-memory backend writes annotations to', async () => {
    expect(ofKind(await rendered('dev'), 'DevCluster')[0]?.metadata.annotations).toEqual({ 'slipway.dev/infrastructure': 'dev' });
    const template = ofKind(await rendered('class-dev'), 'DevClusterTemplate')[0] as unknown as {
      spec: { template: { metadata: unknown } };
    };
    expect(template.spec.template.metadata).toEqual({ annotations: { 'slipway.dev/infrastructure': 'dev' } });
  });

  it('writes a kube-vip manifest that is YAML', async () => {
    const text = JSON.stringify(ofKind(await rendered('kubeadm-vsphere'), 'KubeadmControlPlane'));
    const manifest = (
      JSON.parse(text) as [{ spec: { kubeadmConfigSpec: { files: { path: string; content?: string }[] } } }]
    )[0].spec.kubeadmConfigSpec.files.find(({ path }) => path.endsWith('kube-vip.yaml'));
    const [pod] = parseAllDocuments(manifest?.content ?? '').map((document) => document.toJS() as KubeObject);
    expect(pod).toMatchObject({ kind: 'Pod', spec: { hostNetwork: true } });
  });
});
