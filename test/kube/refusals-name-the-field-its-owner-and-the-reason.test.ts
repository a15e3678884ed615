import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isSlipwayError, type SlipwayError, SlipwayErrors } from '../../src/core/errors.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { diffObjects } from '../../src/kube/diff.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import { type ApiServer, certificateUser, kubeconfigFor, startApiServer } from '../support/api-server.ts';

const host = createNodeHost();
let server: ApiServer;
let client: KubeClient;

beforeAll(async () => {
  server = await startApiServer();
  client = await createKubeClient(host, { kubeconfig: server.kubeconfig });
}, 120_000);

afterAll(async () => {
  await client?.close();
  await server?.stop();
});

async function failureOf(act: Promise<unknown>): Promise<SlipwayError> {
  const error = await act.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!isSlipwayError(error)) throw new Error(`expected a SlipwayError, got ${String(error)}`);
  return error;
}

function configMap(name: string, rest: Readonly<Record<string, unknown>>, namespace = 'default'): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, ...rest };
}

function deployment(name: string, app: string, replicas?: number): KubeObject {
  const labels = { app };
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default' },
    spec: {
      ...(replicas !== undefined && { replicas }),
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example/app:1' }] } },
    },
  };
}

describe('a conflict', () => {
  it('lists each field with its owner, in apply and in the diff, and gives way to force', async () => {
    await client.apply(deployment('owned', 'a', 3), { fieldManager: 'autoscaler' });
    const error = await failureOf(applyObjects(client, [deployment('owned', 'a', 5)], { host }));
    expect(error.code).toBe('SLW-KUB-007');
    expect(error.message).toBe('cannot apply Deployment/default/owned: spec.replicas is owned by autoscaler');
    expect(error.data).toEqual({ conflicts: [{ field: 'spec.replicas', manager: 'autoscaler' }] });
    expect(await diffObjects(client, [deployment('owned', 'a', 5)])).toMatchObject([{ action: 'conflict', fields: ['spec.replicas'] }]);
    await applyObjects(client, [deployment('owned', 'a', 5)], { host, force: true });
    expect(await diffObjects(client, [deployment('owned', 'a', 5)])).toMatchObject([{ action: 'none' }]);
  });
});

describe('an object the server refuses', () => {
  it('names the immutable field, and the plan says replace', async () => {
    await client.apply(deployment('fixed', 'a'));
    const error = await failureOf(client.apply(deployment('fixed', 'b')));
    expect(error.code).toBe('SLW-KUB-010');
    expect(error.message).toContain('spec.selector');
    expect(await diffObjects(client, [deployment('fixed', 'b')])).toMatchObject([{ action: 'replace', fields: ['spec.selector'] }]);
  });

  it('names an immutable ConfigMap', async () => {
    await client.apply(configMap('frozen', { immutable: true, data: { a: '1' } }));
    expect((await failureOf(client.apply(configMap('frozen', { immutable: true, data: { a: '2' } })))).code).toBe('SLW-KUB-010');
  });

  it('names the unknown field', async () => {
    const error = await failureOf(client.apply(configMap('typo', { dta: { a: '1' } })));
    expect(error.code).toBe('SLW-KUB-015');
    expect(error.message).toContain('.dta');
  });

  it('names the invalid field', async () => {
    const error = await failureOf(client.apply(configMap('INVALID', { data: {} })));
    expect(error.code).toBe('SLW-KUB-009');
    expect(error.message).toMatch(/^cannot apply ConfigMap\/default\/INVALID: metadata.name: Invalid value/);
  });

  it('names the missing definition', async () => {
    const error = await failureOf(
      client.apply({ apiVersion: 'example.dev/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' } }),
    );
    expect(error.code).toBe('SLW-KUB-012');
    expect(error.message).toContain('serves no Widget in example.dev/v1');
  });

  it('names the missing namespace', async () => {
    const error = await failureOf(client.apply(configMap('lost', {}, 'nowhere')));
    expect(error.code).toBe('SLW-KUB-006');
    expect(error.message).toContain('namespaces "nowhere" not found');
  });

  it('asks for the namespace it will not guess', async () => {
    expect((await failureOf(client.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' } }))).code).toBe('SLW-KUB-033');
  });

  it('never repeats a value of a Secret', async () => {
    const broken = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 's', namespace: 'default' } };
    const number = await failureOf(client.apply({ ...broken, data: { pin: 48_151_623 } }));
    const type = await failureOf(client.apply({ ...broken, type: 'kubernetes.io/tls', stringData: { 'tls.crt': 'super-secret-text' } }));
    expect(number.message).not.toContain('48151623');
    expect(type.message).not.toContain('super-secret-text');
    expect([number.code, type.code]).toEqual(['SLW-KUB-009', 'SLW-KUB-009']);
  });

  it('reports all failures of what was in flight', async () => {
    const thrown = await applyObjects(client, [configMap('A', {}), configMap('B', {})], { host }).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(SlipwayErrors);
    expect((thrown as SlipwayErrors).errors.map((error) => error.object)).toEqual(['ConfigMap/default/A', 'ConfigMap/default/B']);
  });
});

describe('a user', () => {
  it('without the permission is told verb and resource', async () => {
    const guest = await createKubeClient(host, {
      kubeconfig: kubeconfigFor({ server: server.url, ca: server.ca, user: certificateUser(await server.issue({ user: 'visitor' })) }),
    });
    const error = await failureOf(guest.apply(configMap('mine', {})));
    await guest.close();
    expect(error.code).toBe('SLW-KUB-005');
    expect(error.exit).toBe(77);
    expect(error.data).toMatchObject({ user: 'visitor', verb: 'patch', resource: 'configmaps', namespace: 'default' });
  });
});
