import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../kube/types.ts';
import { renderDefinitions } from './definitions.ts';
import { sampleCluster } from './sample-clusters.ts';
import { isTemplate, staleTemplates } from './stale-templates.ts';

const rendered = async (name: string, edit?: (project: string) => string): Promise<readonly KubeObject[]> => {
  const { cluster, text } = await sampleCluster(name, edit);
  return renderDefinitions(cluster, text);
};
const slower = (project: string) =>
  project.replace(/dev: \{startup: .*\}\}\n|topology:/, (found) =>
    found === 'topology:' ? 'dev: {startup: {node: 9s}}\n    topology:' : 'dev: {startup: {node: 9s}}\n',
  );
const names = (refs: readonly { readonly kind: string; readonly name: string }[]) => refs.map(({ kind, name }) => `${kind}/${name}`);

/** As the controllers leave it: a MachineSet for what the MachineDeployment said then. */
function machineSetOf(objects: readonly KubeObject[]): KubeObject {
  const deployment = objects.find(({ kind }) => kind === 'MachineDeployment');
  if (!deployment) throw new Error('no MachineDeployment');
  return { ...deployment, kind: 'MachineSet', metadata: { ...deployment.metadata, name: 'web-general-abcde' } };
}

describe('staleTemplates', () => {
  it('finds nothing in a definition as it is rendered', async () => {
    const objects = await rendered('dev');
    expect(staleTemplates(objects, objects)).toEqual([]);
  });

  it('finds old templates once nothing names them, and keeps them while a MachineSet does', async () => {
    const [old, now] = [await rendered('dev'), await rendered('dev', slower)];
    const oldTemplates = old.filter((object) => isTemplate(object) && !now.some(({ metadata }) => metadata.name === object.metadata.name));
    expect(oldTemplates.length).toBe(3);
    const existing = [...now, ...oldTemplates];
    expect(names(staleTemplates(now, existing)).sort()).toEqual(
      oldTemplates.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort(),
    );
    const stale = names(staleTemplates(now, [...existing, machineSetOf(old)]));
    expect(stale.filter((name) => name.includes('web-general'))).toEqual([]);
    expect(stale.length).toBe(2);
  });

  it('finds an old class and then its templates, unless another cluster follows it', async () => {
    const [old, now] = [await rendered('class-dev'), await rendered('class-dev', slower)];
    const existing = [
      ...now,
      ...old.filter((object) => !now.some(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name)),
    ];
    const stale = names(staleTemplates(now, existing));
    expect(stale[0]).toMatch(/^ClusterClass\//);
    expect(stale.length).toBeGreaterThan(1);
    const follower = old
      .filter(({ kind }) => kind === 'Cluster')
      .map((object) => ({ ...object, metadata: { ...object.metadata, name: 'shop' } }));
    expect(staleTemplates(now, [...existing, ...follower])).toEqual([]);
  });

  it('leaves alone what is not named by content', async () => {
    const objects = await rendered('kubeadm-openstack');
    const stale = staleTemplates(
      [],
      objects.filter(({ kind }) => kind !== 'Cluster'),
    );
    expect(new Set(stale.map(({ kind }) => kind))).toEqual(new Set());
  });

  it('does not take a resource of the same name in another group for the one in use', async () => {
    const objects = await rendered('dev');
    const [template] = objects.filter(({ kind }) => kind === 'DevMachineTemplate');
    const stranger = { ...template, apiVersion: 'infrastructure.example.com/v1' } as KubeObject;
    expect(staleTemplates(objects, [...objects, stranger])).toEqual([]);
    expect(isTemplate(stranger)).toBe(false);
  });
});
