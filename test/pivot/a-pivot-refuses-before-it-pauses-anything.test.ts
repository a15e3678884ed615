import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { planPivot, runPivot } from '../../src/capi/pivot/pivot.ts';
import { type SlipwayError, SlipwayErrors } from '../../src/core/errors.ts';
import { deleteObjects } from '../../src/kube/delete.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import {
  classDrafts,
  clusterDrafts,
  differencesBetween,
  host,
  make,
  type Pair,
  pivotOptions,
  refTo,
  startPair,
  transactionOn,
  worldOf,
} from '../support/pivot-fixture.ts';

let pair: Pair;
let namespace: string;
let count = 0;

beforeAll(async () => {
  pair = await startPair();
}, 180_000);

afterAll(async () => pair?.stop());

beforeEach(async () => {
  namespace = `refused-${++count}`;
  await Promise.all(
    [pair.source, pair.target].map((client) => client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })),
  );
  await make(pair.source, [...classDrafts(namespace, 'small'), ...clusterDrafts(namespace, 'shop', { class: 'small' })]);
});

/** Plan and run name the same reasons, and nothing was written anywhere. */
async function refusals(more: Parameters<typeof pivotOptions>[1] = {}): Promise<readonly string[]> {
  const options = pivotOptions(pair, { namespaces: [namespace], ...more });
  const before = await worldOf(pair.source, namespace);
  const plan = await planPivot(options);
  const thrown = await runPivot(options).then(
    () => undefined,
    (error: unknown) => error,
  );
  const errors = thrown instanceof SlipwayErrors ? thrown.errors : [thrown];
  for (const error of errors) expect(error).toMatchObject({ code: 'SLW-PIV-001' });
  expect(errors.map((error) => (error as SlipwayError).data?.['reason'])).toEqual(plan.refusals.map(({ reason }) => reason));
  expect(differencesBetween(await worldOf(pair.source, namespace), before)).toEqual([]);
  expect(await transactionOn(pair.source)).toBeUndefined();
  expect(await transactionOn(pair.target)).toBeUndefined();
  // Their order is that of age, in whole seconds.
  return plan.refusals.map(({ reason, object }) => `${reason} ${object ?? ''}`.trim()).sort();
}

const status = (kind: string, name: string, patch: unknown): Promise<KubeObject> =>
  pair.source.mergePatch(refTo(kind, namespace, name), { status: patch }, { subresource: 'status' });

it('with itself', async () => {
  const twice = pivotOptions(pair);
  expect(await refusals({ target: twice.source })).toEqual(['same-cluster']);
});

it('with a Cluster that is not there, or nothing to move', async () => {
  expect(await refusals({ clusters: ['shop', 'ship'] })).toEqual(['unknown-cluster Cluster/ship']);
  expect(await refusals({ namespaces: ['default'] })).toEqual(['nothing-to-move']);
});

it('while machines change', async () => {
  await status('KubeadmControlPlane', 'shop-cp', { replicas: 2 });
  await status('MachineDeployment', 'shop-md', {
    conditions: [{ type: 'RollingOut', status: 'True', reason: 'RollingOut', message: 'rolling out' }],
  });
  expect(await refusals()).toEqual([
    `rollout-in-flight KubeadmControlPlane/${namespace}/shop-cp`,
    `rollout-in-flight MachineDeployment/${namespace}/shop-md`,
  ]);
});

it('before a Cluster is up and its machines are nodes', async () => {
  await status('Cluster', 'shop', { initialization: { controlPlaneInitialized: false } });
  await status('Machine', 'shop-md-0', { nodeRef: null });
  expect(await refusals()).toEqual([`machine-without-node Machine/${namespace}/shop-md-0`, `not-initialized Cluster/${namespace}/shop`]);
});

it('while something is being deleted', async () => {
  await pair.source.delete(refTo('Machine', namespace, 'shop-md-0'));
  expect(await refusals()).toEqual([`being-deleted Machine/${namespace}/shop-md-0`]);
});

it('when a Secret that is referred to cannot be taken along', async () => {
  const token = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'token', namespace, annotations: { 'kubernetes.io/service-account.name': 'default' } },
    type: 'kubernetes.io/service-account-token',
  };
  await pair.source.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default', namespace } });
  await pair.source.create(token);
  await pair.source.mergePatch(refTo('DevCluster', namespace, 'shop'), { spec: { credentialsRef: { name: 'token' } } });
  expect(await refusals()).toEqual([`secret-stays-behind Secret/${namespace}/token`]);
});

it('with an object of somebody else in the way', async () => {
  await pair.target.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'shop-ca', namespace },
    stringData: { value: 'another' },
  });
  await pair.target.create({ ...refTo('Cluster', namespace, 'shop'), metadata: { name: 'shop', namespace }, spec: {} });
  expect(await refusals()).toEqual([`foreign-object Cluster/${namespace}/shop`, `foreign-object Secret/${namespace}/shop-ca`]);
});

it('from a source that lives on, when kinds do not tell that they are paused', async () => {
  const found = await refusals({ disposableSource: false });
  expect(found).toContain('unobserved-pause Machine.cluster.x-k8s.io');
  expect(found.every((line) => line.startsWith('unobserved-pause'))).toBe(true);
});

it('without the kind on the target', async () => {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    name: 'devmachines.infrastructure.cluster.x-k8s.io',
  };
  const found = await pair.target.get(definition);
  await deleteObjects(pair.target, [definition], { host, timeoutMs: 20_000 });
  expect(await refusals()).toEqual(['kind-missing DevMachine.infrastructure.cluster.x-k8s.io']);
  const { name, labels } = found?.metadata ?? { name: '' };
  await pair.target.create({ ...(found as KubeObject), metadata: { name, ...(labels && { labels }) } });
});
