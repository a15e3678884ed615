import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { applyObjects } from '../../src/kube/apply.ts';
import { pivotStatus, retirePivot, rollbackPivot, runPivot } from '../../src/capi/pivot/pivot.ts';
import type { HookPoint, PivotHook, PivotOptions } from '../../src/capi/pivot/options.ts';
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
  unpausedClusters,
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
  namespace = `meanwhile-${++count}`;
  await Promise.all(
    [pair.source, pair.target].map((client) => client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } })),
  );
  await make(pair.source, [...classDrafts(namespace, 'small'), ...clusterDrafts(namespace, 'shop', { class: 'small' })]);
});

const options = (more: Partial<PivotOptions> = {}): PivotOptions => pivotOptions(pair, { namespaces: [namespace], ...more });

/** Does something at a point of the pivot, once. */
function once(at: HookPoint, act: () => Promise<unknown>): PivotHook {
  let done = false;
  return {
    name: `once-${at}`,
    at,
    run: async () => {
      if (!done) await act();
      done = true;
    },
  };
}

describe('a write to the source after the fence', () => {
  it('stops it before COMMIT and names the writer; run again it takes the new content along', async () => {
    const machine = refTo('Machine', namespace, 'shop-md-0');
    let fenced = false;
    const meddle: PivotOptions['onWrite'] = async (write, moment) => {
      if (fenced || moment !== 'after' || write.purpose !== 'seal') return;
      fenced = true;
      await pair.source.mergePatch(machine, { spec: { providerID: 'dev:////meddled' } });
    };
    await expect(runPivot(options({ onWrite: meddle }))).rejects.toMatchObject({
      code: 'SLW-PIV-013',
      message: expect.stringContaining('was written by slipway') as string,
    });
    expect(await unpausedClusters(pair.target, namespace)).toEqual([]);
    expect((await runPivot(options())).status.stage).toBe('released');
    expect((await pair.target.get(machine))?.['spec']).toMatchObject({ providerID: 'dev:////meddled' });
    await retirePivot(options());
  });

  it('that removes something removes the copy too', async () => {
    const secret = refTo('Secret', namespace, 'shop-ca');
    const stop = once('before-commit', () => Promise.reject(new Error('stopped')));
    await expect(runPivot(options({ hooks: [stop] }))).rejects.toThrow('stopped');
    await pair.source.delete(secret);
    await runPivot(options({ hooks: [{ ...stop, run: () => Promise.resolve() }] }));
    expect(await pair.target.get(secret)).toBeUndefined();
    await retirePivot(options());
  });
});

it('a copy that somebody changed is repaired when it is run again, and never committed as it is', async () => {
  const machine = refTo('Machine', namespace, 'shop-md-0');
  const meddle = once('after-fence', () => Promise.resolve());
  let done = false;
  const onWrite: PivotOptions['onWrite'] = async (write, moment) => {
    if (done || moment !== 'after' || write.purpose !== 'seal' || write.ref.name !== machine.name || write.ref.kind !== 'Machine') return;
    done = true;
    await pair.target.mergePatch(machine, { spec: { providerID: 'dev:////wrong' } });
  };
  await expect(runPivot(options({ onWrite, hooks: [meddle] }))).rejects.toMatchObject({ code: 'SLW-PIV-012' });
  await runPivot(options({ hooks: [meddle] }));
  expect((await pair.target.get(machine))?.['spec']).not.toMatchObject({ providerID: 'dev:////wrong' });
  await retirePivot(options());
});

it('a Cluster that was made after the pauses stops it, and goes along when it is run again', async () => {
  const late = once('after-fence', () => make(pair.source, clusterDrafts(namespace, 'late')));
  await expect(runPivot(options({ hooks: [late] }))).rejects.toMatchObject({ code: 'SLW-PIV-013' });
  await runPivot(options({ hooks: [late] }));
  expect(await unpausedClusters(pair.target, namespace)).toEqual(['late', 'shop']);
  await retirePivot(options());
});

it('a machine that appears after the release pauses the target again', async () => {
  const appears = once('after-release', () =>
    pair.target.create({
      ...refTo('Machine', namespace, 'extra'),
      metadata: { name: 'extra', namespace, labels: { 'cluster.x-k8s.io/cluster-name': 'shop' } },
      spec: { clusterName: 'shop' },
    }),
  );
  await expect(runPivot(options({ hooks: [appears], watchMs: 2_000 }))).rejects.toMatchObject({
    code: 'SLW-PIV-015',
    message: expect.stringContaining(`Machine/${namespace}/extra appeared`) as string,
  });
  expect(await unpausedClusters(pair.target, namespace)).toEqual([]);
  expect((await pivotStatus(options())).stage).toBe('committed');
  await pair.target.delete(refTo('Machine', namespace, 'extra'));
  expect((await runPivot(options({ hooks: [appears] }))).status.stage).toBe('released');
  expect(await unpausedClusters(pair.target, namespace)).toEqual(['shop']);
  await retirePivot(options());
});

it('a source that wakes up before the release is never joined by the target', async () => {
  const wakes = once('before-commit', () => pair.source.mergePatch(refTo('Cluster', namespace, 'shop'), { spec: { paused: null } }));
  await expect(runPivot(options({ hooks: [wakes] }))).rejects.toMatchObject({ code: 'SLW-PIV-016' });
  expect(await unpausedClusters(pair.target, namespace)).toEqual([]);
  await pair.source.mergePatch(refTo('Cluster', namespace, 'shop'), { spec: { paused: true } });
  await runPivot(options({ hooks: [wakes] }));
  await retirePivot(options());
});

it('two processes never drive the same pivot: the first stops at its next record', async () => {
  const second = once('before-commit', () => runPivot(options()));
  await expect(runPivot(options({ hooks: [second] }))).rejects.toMatchObject({ code: 'SLW-PIV-014' });
  expect((await pivotStatus(options())).stage).toBe('released');
  await retirePivot(options());
});

it('another selection waits for the first to be finished', async () => {
  await runPivot(options());
  await expect(runPivot(options({ clusters: ['shop'] }))).rejects.toMatchObject({ code: 'SLW-PIV-001', data: { reason: 'another-pivot' } });
  await retirePivot(options());
});

it('what people had paused stays paused, there and back', async () => {
  await pair.source.mergePatch(refTo('Cluster', namespace, 'shop'), { spec: { paused: true } });
  await runPivot(options());
  expect(await unpausedClusters(pair.target, namespace)).toEqual([]);
  await rollbackPivot(options());
  expect(await unpausedClusters(pair.source, namespace)).toEqual([]);
});

it('hooks run once, go on where they were begun, and are undone last first', async () => {
  const log: string[] = [];
  let fails = true;
  const hook = (name: string, at: HookPoint): PivotHook => ({
    name,
    at,
    run: () => {
      log.push(`run ${name}`);
      return name === 'two' && fails ? Promise.reject(new Error('not yet')) : Promise.resolve();
    },
    undo: () => {
      log.push(`undo ${name}`);
      return Promise.resolve();
    },
  });
  const hooks = [hook('one', 'before-quiesce'), hook('two', 'before-quiesce')];
  await expect(runPivot(options({ hooks }))).rejects.toThrow('not yet');
  fails = false;
  await runPivot(options({ hooks }));
  await rollbackPivot(options({ hooks }));
  expect(log).toEqual(['run one', 'run two', 'run two', 'undo two', 'undo one']);
});

it('Flux objects that hold what moves are suspended at the source, and resumed by a rollback', async () => {
  const group = 'kustomize.toolkit.fluxcd.io';
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `kustomizations.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'kustomizations', kind: 'Kustomization', singular: 'kustomization', listKind: 'KustomizationList' },
      versions: [{ name: 'v1', served: true, storage: true, schema, subresources: { status: {} } }],
    },
  };
  await applyObjects(pair.source, [definition], { host });
  const flux = (name: string, id: string): Promise<unknown> =>
    make(pair.source, [
      {
        object: {
          apiVersion: `${group}/v1`,
          kind: 'Kustomization',
          metadata: { name, namespace },
          spec: { path: './' },
          status: { inventory: { entries: [{ id, v: 'v1' }] } },
        },
      },
    ]);
  await flux('clusters', `${namespace}_shop_cluster.x-k8s.io_Cluster`);
  await flux('apps', `${namespace}_web_apps_Deployment`);
  const spec = async (name: string): Promise<unknown> =>
    (await pair.source.get({ apiVersion: `${group}/v1`, kind: 'Kustomization', namespace, name }))?.['spec'];
  await runPivot(options());
  expect(await spec('clusters')).toEqual({ path: './', suspend: true });
  expect(await spec('apps')).toEqual({ path: './' });
  await rollbackPivot(options());
  expect(await spec('clusters')).toEqual({ path: './' });
});

it('an owner that does not move is left out and named, and holds nothing back', async () => {
  await pair.source.mergePatch(refTo('Secret', namespace, 'shop-ca'), {
    metadata: {
      ownerReferences: [
        { apiVersion: 'external-secrets.io/v1', kind: 'ExternalSecret', name: 'ca', uid: '11111111-1111-1111-1111-111111111111' },
      ],
    },
  });
  const result = await runPivot(options());
  expect(result.notes).toContainEqual({
    reason: 'owner-dropped',
    object: `Secret/${namespace}/shop-ca`,
    message: `Secret/${namespace}/shop-ca names ExternalSecret/ca as an owner, which does not move; the copy is made without it`,
  });
  expect((await pair.target.get(refTo('Secret', namespace, 'shop-ca')))?.metadata.ownerReferences).toBeUndefined();
  await retirePivot(options());
});

it('owners in a circle are all there in the end', async () => {
  const [one, two] = await Promise.all(['shop-ca', 'shop-kubeconfig'].map((name) => pair.source.get(refTo('Secret', namespace, name))));
  const owner = (of: typeof one): unknown => [{ apiVersion: 'v1', kind: 'Secret', name: of?.metadata.name, uid: of?.metadata.uid }];
  await pair.source.mergePatch(refTo('Secret', namespace, 'shop-ca'), { metadata: { ownerReferences: owner(two) } });
  await pair.source.mergePatch(refTo('Secret', namespace, 'shop-kubeconfig'), { metadata: { ownerReferences: owner(one) } });
  const { 'Secret/unrelated': _stays, ...before } = (await worldOf(pair.source, namespace)) as Record<string, unknown>;
  await runPivot(options());
  expect(differencesBetween(await worldOf(pair.target, namespace), before)).toEqual([]);
  await retirePivot(options());
});

it('a Secret elsewhere that an identity without a namespace needs is copied to where it was', async () => {
  const identity = {
    apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta2',
    kind: 'DevClusterIdentity',
    metadata: { name: `id-${namespace}` },
    spec: { secretRef: { name: 'login', namespace: `elsewhere-${namespace}` } },
  };
  await pair.source.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: `elsewhere-${namespace}` } });
  await pair.source.create({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'login', namespace: `elsewhere-${namespace}` },
    stringData: { user: 'me' },
  });
  await pair.source.create(identity);
  await pair.source.mergePatch(refTo('DevCluster', namespace, 'shop'), {
    spec: { identityRef: { kind: 'DevClusterIdentity', name: identity.metadata.name } },
  });
  await runPivot(options());
  const copy = await pair.target.get({ apiVersion: 'v1', kind: 'Secret', namespace: `elsewhere-${namespace}`, name: 'login' });
  expect(copy?.['data']).toEqual({ user: Buffer.from('me').toString('base64') });
  expect(await pair.target.get({ ...identity, name: identity.metadata.name })).toBeDefined();
  expect(await pair.source.get({ apiVersion: 'v1', kind: 'Secret', namespace: `elsewhere-${namespace}`, name: 'login' })).toBeDefined();
  await retirePivot(options());
});
