import { afterAll, beforeAll, describe, expect, test, type TestContext } from 'vitest';
import { renderDefinitions } from '../../src/capi/definitions/definitions.ts';
import { SAMPLE_NAMES, sampleCluster } from '../../src/capi/definitions/sample-clusters.ts';
import { localProviderObjects } from '../../src/capi/local/definitions.ts';
import { isSlipwayError } from '../../src/core/errors.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { formatRef, type KubeClient, type KubeObject, refOf } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { providerDefinitions, type Unavailable } from '../support/provider-crds.ts';

/**
 * Real schemas judge what we render: those of the core, of kubeadm and of the in-memory and docker provider, of OpenStack, AWS, vSphere and
 * RKE2, at the versions of test/capi/provider-crds/go.mod, on a real API server. Their controllers and webhooks do not run here.
 */
describe('definitions for every infrastructure and bootstrap provider', () => {
  const host = createNodeHost();
  let found: readonly KubeObject[] | Unavailable;
  let server: ApiServer | undefined;
  let client: KubeClient | undefined;

  beforeAll(async () => {
    found = await providerDefinitions();
    if ('reason' in found) return;
    server = await startApiServer();
    client = await createKubeClient(host, { kubeconfig: server.kubeconfig });
    const namespaces = ['fleet', 'capa-system'].map((name) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }));
    await applyObjects(client, [...namespaces, ...localProviderObjects(), ...found], { host, signal: AbortSignal.timeout(120_000) });
  });
  afterAll(async () => {
    await client?.close();
    await server?.stop();
  });

  const connected = ({ skip }: TestContext): KubeClient => {
    if ('reason' in found) skip(`the providers' modules cannot be fetched: ${found.reason}`);
    if (!client) throw new Error('there is no client');
    return client;
  };

  /** What the server says of each object; empty when it takes all. */
  const refusals = async (target: KubeClient, objects: readonly KubeObject[]): Promise<readonly string[]> => {
    const answers = objects.map(async (object) => {
      try {
        await target.apply(object, { dryRun: true, force: true, signal: AbortSignal.timeout(60_000) });
        return [];
      } catch (error) {
        if (!isSlipwayError(error)) throw error;
        return [`${formatRef(refOf(object))}: ${error.code} ${error.message}`];
      }
    });
    return (await Promise.all(answers)).flat();
  };

  test.for(SAMPLE_NAMES)('%s passes', async (name, context) => {
    const target = connected(context);
    const { cluster, text } = await sampleCluster(name);
    const objects = renderDefinitions(cluster, text);
    expect(objects.length).toBeGreaterThan(2);
    expect(await refusals(target, objects)).toEqual([]);
  });

  test('and a control: a field that the schema does not have is refused, and so is a value it does not allow', async (context) => {
    const target = connected(context);
    const { cluster, text } = await sampleCluster('kubeadm-openstack');
    const objects = renderDefinitions(cluster, text);
    const spoil = (kind: string, fields: Readonly<Record<string, unknown>>) =>
      objects.filter((object) => object.kind === kind).map((object) => ({ ...object, spec: { ...(object['spec'] as object), ...fields } }));
    const spoilt = [
      ...spoil('OpenStackCluster', { flavour: 'm1' }),
      ...spoil('KubeadmControlPlane', { replicas: 'three' }),
      ...spoil('MachineHealthCheck', { clusterName: '' }),
    ];
    expect(await refusals(target, spoilt)).toEqual([
      expect.stringContaining('.spec.flavour'),
      expect.stringContaining('.spec.replicas'),
      expect.stringContaining('spec.clusterName'),
      expect.stringContaining('spec.clusterName'),
    ]);
  });
});
