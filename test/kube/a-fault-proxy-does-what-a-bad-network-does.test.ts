import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isSlipwayError } from '../../src/core/errors.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type ApiServer, startApiServer } from '../support/api-server.ts';
import { type Fault, type FaultProxy, proxyTarget, startFaultProxy } from '../support/fault-proxy.ts';

/** A control of the tool that the pivot's fault suite trusts: each fault is really felt, and a healthy proxy is not. */
describe('a fault proxy between a client and an API server', () => {
  let server: ApiServer;
  let proxy: FaultProxy;
  let direct: KubeClient;

  beforeAll(async () => {
    server = await startApiServer();
    proxy = await startFaultProxy(proxyTarget(server.kubeconfig));
    direct = await createKubeClient(createNodeHost(), { kubeconfig: server.kubeconfig });
  });
  afterAll(async () => {
    await direct?.close();
    await proxy?.close();
    await server?.stop();
  });

  const named = (name: string): KubeObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default' } });
  const exists = async (name: string): Promise<boolean> =>
    (await direct.get({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name })) !== undefined;
  const createThrough = async (name: string, fault?: Fault): Promise<string> => {
    const client = await createKubeClient(createNodeHost(), { kubeconfig: proxy.kubeconfig });
    proxy.inject((seen) => (fault && seen.method === 'POST' ? fault : undefined));
    try {
      await client.create(named(name), { signal: AbortSignal.timeout(5_000) });
      return 'created';
    } catch (error) {
      return isSlipwayError(error) ? error.code : (error as Error).name;
    } finally {
      proxy.inject(undefined);
      await client.close();
    }
  };

  test('passes on what is not to fail', async () => {
    expect(await createThrough('plain')).toBe('created');
    expect(await exists('plain')).toBe(true);
  });

  test('answers instead of the server, breaks the connection before or after the server acted, and stays silent', async () => {
    const before = proxy.faults;
    expect(await createThrough('refused', { kind: 'status', code: 400 })).not.toBe('created');
    expect(await createThrough('broken', { kind: 'reset' })).not.toBe('created');
    expect(await createThrough('silent', { kind: 'silence' })).not.toBe('created');
    expect(await Promise.all(['refused', 'broken', 'silent'].map(exists))).toEqual([false, false, false]);
    expect(await createThrough('acted', { kind: 'lose-reply' })).not.toBe('created');
    expect(await exists('acted')).toBe(true);
    expect(proxy.faults - before).toBeGreaterThanOrEqual(4);
  });

  test('is got through by reading again: an answer that was cut short, and a server that stumbles once', async () => {
    for (const fault of [{ kind: 'cut-reply' }, { kind: 'status', code: 500 }] as const) {
      const client = await createKubeClient(createNodeHost(), { kubeconfig: proxy.kubeconfig });
      let given = 0;
      proxy.inject(({ path }) => (path.includes('/configmaps') && (given += 1) === 1 ? fault : undefined));
      const { items } = await client.list({ apiVersion: 'v1', kind: 'ConfigMap' }, { namespace: 'default' });
      expect(items.map(({ metadata }) => metadata.name)).toContain('plain');
      expect(given).toBe(2);
      proxy.inject(undefined);
      await client.close();
    }
  });

  test('shows an expired certificate until it is told otherwise', async () => {
    proxy.useCertificate('expired');
    expect(await createThrough('expired')).toMatch(/^SLW-KUB-/);
    proxy.useCertificate('valid');
    expect(await createThrough('renewed')).toBe('created');
  });
});
