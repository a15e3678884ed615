import { describe, expect, it } from 'vitest';
import { createMemoryHost } from '../../config/memory-host.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import { Redactor } from '../../core/redaction.ts';
import type { Outputs, StepContext } from '../../engine/step.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { addonObjects } from './addons.ts';

const at = { file: '/p/slipway.yaml', line: 9, col: 3 };
const network = { podCidr: '10.244.0.0/16', serviceCidr: '10.96.0.0/16', serviceDomain: 'cluster.local' };

function objectsOf(files: Readonly<Record<string, string>>, outputs: Outputs | undefined = { server: 'https://10.0.0.7:6443' }) {
  const host = createMemoryHost({ files, env: { MTU: '1450' } });
  const mtu = { kind: 'env', name: 'MTU', at, subject: 'Cluster/web', field: 'mtu', secret: false } as const;
  const addons = [{ name: 'cni', at, manifests: '/p/addons', substitute: new Map([['MTU', mtu]]) }];
  const cluster = { name: 'web', capi: { namespace: 'default', kubernetesVersion: 'v1.36.3', network, addons } } as unknown as CapiCluster;
  const step = { host, outputs: () => outputs } as unknown as StepContext;
  const context = { redactor: new Redactor(), outputs: () => undefined } as unknown as ProvisionerContext;
  return addonObjects(cluster, step, context);
}

const configMap = (data: string): string =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cni, namespace: kube-system}\ndata:\n  text: ${data}\n`;
const textOf = async (manifest: string): Promise<unknown> => {
  const [object] = await objectsOf({ '/p/addons/cni.yaml': configMap(manifest) });
  return (object as unknown as { readonly data: { readonly text: string } }).data.text;
};

describe('an add-on', () => {
  it('gets what every cluster has, and what the project gives it', async () => {
    const text = '"${CLUSTER_NAME} ${POD_CIDR} ${CONTROL_PLANE_HOST}:${CONTROL_PLANE_PORT} ${MTU}"';
    expect(await textOf(text)).toBe('web 10.244.0.0/16 10.0.0.7:6443 1450');
  });

  it('may hold the text of a variable', async () => {
    expect(await textOf('"$${HOME} and $HOME"')).toBe('${HOME} and $HOME');
  });

  it('is refused with file and fix when a variable has no value', async () => {
    await expect(textOf('"${TYPO}"')).rejects.toMatchObject({
      code: 'SLW-CAP-407',
      message: expect.stringContaining('${TYPO} in /p/addons/cni.yaml'),
    });
  });

  it('is read in the order of its files, and only manifests', async () => {
    const files = {
      '/p/addons/b.yaml': configMap('b'),
      '/p/addons/a.yaml': configMap('a').replace('name: cni', 'name: first'),
      '/p/addons/README.md': '# no',
    };
    expect((await objectsOf(files)).map(({ metadata }) => metadata.name)).toEqual(['first', 'cni']);
  });

  it('is refused when there is nothing', async () => {
    await expect(objectsOf({})).rejects.toMatchObject({ code: 'SLW-CAP-407', at });
  });
});
