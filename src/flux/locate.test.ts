import { describe, expect, it } from 'vitest';
import type { Cause } from './cause.ts';
import { locateIn } from './locate.ts';

const content: Readonly<Record<string, string>> = {
  'apps/kustomization.yaml': 'resources: [web.yaml]\n',
  'apps/web.yaml':
    '# two documents\napiVersion: v1\nkind: Service\nmetadata:\n  name: web\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  namespace: default\n',
  'other/web.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web, namespace: elsewhere}\n',
  'broken.yaml': 'a: [\n',
};
const files = { root: 'fleet', paths: Object.keys(content), read: (path: string) => Promise.resolve(content[path]) };
const cause = (kind: string, name: string, message = '', namespace?: string): Cause => ({
  kind: 'failed',
  area: 'unit',
  object: `${kind}/${name}`,
  ref: { apiVersion: '', kind, name, ...(namespace !== undefined && { namespace }) },
  reason: 'x',
  message,
  chain: [],
  unit: { apiVersion: '', kind: 'Kustomization', name: 'app' },
  blocks: [],
});

describe('where a cause stands in the source', () => {
  it('is the document of the object, by namespace where several have its name', async () => {
    expect(await locateIn(files, cause('ConfigMap', 'web', '', 'default'))).toBe('fleet/apps/web.yaml:7:1');
    expect(await locateIn(files, cause('ConfigMap', 'web', '', 'elsewhere'))).toBe('fleet/other/web.yaml:1:1');
    expect(await locateIn(files, cause('Service', 'web', '', 'put-on-by-kustomize'))).toBe('fleet/apps/web.yaml:2:1');
  });

  it('is the file and line a message names, also inside a temporary folder', async () => {
    expect(
      await locateIn(
        files,
        cause('Kustomization', 'app', "failed to decode '/tmp/kustomization-123/broken.yaml': yaml: line 1: did not find"),
      ),
    ).toBe('fleet/broken.yaml:1:1');
    expect(await locateIn(files, cause('Kustomization', 'app', 'accumulating resources from ../broken.yaml'))).toBe('fleet/broken.yaml');
  });

  it('is unknown rather than guessed', async () => {
    expect(await locateIn(files, cause('Secret', 'web', 'web.yaml is ambiguous'))).toBeUndefined();
    expect(await locateIn(files, cause('Kustomization', 'app', 'apps/kustomization.yaml'))).toBeUndefined();
  });
});
