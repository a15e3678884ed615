import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createNodeHost } from '../host/node.ts';
import { componentObjects, loadComponents } from './components.ts';
import { OWNER, ownerOf } from '../kube/ownership.ts';

describe('the committed components', () => {
  it('are of the versions the toolchain pins', async () => {
    const { controllers, objects } = await loadComponents(createNodeHost());
    const pins = readFileSync(join(import.meta.dirname, '../../toolchain/go.mod'), 'utf8');
    for (const [name, version] of Object.entries(controllers)) {
      expect(pins).toContain(`github.com/fluxcd/${name} ${version} `);
      const images = objects.filter(({ kind }) => kind === 'Deployment').map((object) => JSON.stringify(object['spec']));
      expect(images.some((spec) => spec.includes(`"ghcr.io/fluxcd/${name}:${version}"`))).toBe(true);
    }
  });

  it('hold what flux install applies for three controllers, all in flux-system and marked', async () => {
    const components = await loadComponents(createNodeHost());
    const counts = Object.groupBy(components.objects, ({ kind }) => kind);
    expect(Object.fromEntries(Object.entries(counts).map(([kind, list]) => [kind, list?.length]))).toEqual({
      Namespace: 1,
      ClusterRole: 3,
      ClusterRoleBinding: 2,
      ResourceQuota: 1,
      NetworkPolicy: 2,
      CustomResourceDefinition: 8,
      ServiceAccount: 3,
      Service: 1,
      Deployment: 3,
    });
    for (const object of componentObjects(components, 'me')) {
      expect(object.metadata.labels?.[OWNER]).toBe('me');
      expect([undefined, 'flux-system']).toContain(object.metadata.namespace);
    }
  });

  it('send events to nobody: there is no notification-controller', async () => {
    const { objects } = await loadComponents(createNodeHost());
    for (const object of objects.filter(({ kind }) => kind === 'Deployment')) expect(JSON.stringify(object)).toContain('"--events-addr="');
  });
});

describe('ownerOf', () => {
  it('is a label value, and differs between projects with clusters of one name', () => {
    const long = 'a'.repeat(63);
    expect(ownerOf('one', long)).toMatch(/^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(ownerOf('one', 'demo')).not.toBe(ownerOf('two', 'demo'));
  });
});
