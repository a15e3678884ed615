/** Cases that a mover of Cluster API objects gets wrong (what the peer does with them is measured in peer.ts), and the shapes of a pivot. */
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/types.ts';
import { controllerWritesAfter, readAudit } from '../support/capi-audit.ts';
import { clusterRef, DANGLING_OWNER } from '../support/capi-fixtures.ts';
import { canonicalWorld, expectObjects, readObjects } from '../support/capi-objects.ts';
import { runPivotChild } from '../support/pivot-run.ts';
import { killedRun } from '../support/pivot-storm.ts';
import {
  expectDone,
  expectMoved,
  expectUntouchedMachines,
  FLEET,
  LIVE,
  OWN_MARKS,
  type PivotSuite,
  RESTING,
  YARD,
} from '../support/pivot-suite.ts';
import type { World } from '../support/world.ts';

export function caseScenarios(suite: PivotSuite): void {
  describe('in awkward cases', () => {
    const ends = async (): Promise<{
      source: Awaited<ReturnType<typeof readObjects>>;
      target: Awaited<ReturnType<typeof readObjects>>;
    }> => {
      const { world } = suite.management;
      const [source, target] = await Promise.all(
        [world.source, world.target].map(async (end) => readObjects(await end.client(), [FLEET, YARD])),
      );
      return { source: source ?? new Map(), target: target ?? new Map() };
    };

    test('moves what has owners outside of it, owners that are gone, no labels, and Secrets that are only referred to', async () => {
      const { world } = suite.management;
      await makeAwkward(suite);
      const plan = expectDone(await runPivotChild(world, { verb: 'plan' })).result as unknown as PlanFacts;
      expect(plan.refusals).toEqual([]);
      const of = (ref: { kind: string; name: string }): PlanFacts['objects'][number] | undefined =>
        plan.objects.find((object) => object.ref.kind === ref.kind && object.ref.name === ref.name);
      expect(of({ kind: 'Secret', name: 'cloud-credentials' })).toMatchObject({
        droppedOwners: [expect.stringContaining('ExternalSecret')],
      });
      expect(of({ kind: 'KubeadmControlPlane', name: 'plain' })).toMatchObject({
        droppedOwners: [expect.stringContaining('shim-long-gone')],
      });
      expect(of({ kind: 'Secret', name: 'site-files' })?.verdict).not.toBe('stays');
      for (const object of plan.objects) expect(object.reason, object.ref.name).toMatch(/\w+/);
      expectDone(await runPivotChild(world));
      const { source, target } = await ends();
      const missing = [...source.keys()].filter((name) => !target.has(name) && !name.startsWith('ExternalSecret/'));
      expect(missing).toEqual([]);
      await expectUntouchedMachines(suite);
    });

    test('keeps annotations, the order of creation, add-ons that were applied once, pauses of their owner, and makes Secrets first', async () => {
      const { world } = suite.management;
      expectDone(await runPivotChild(world));
      await expectMoved(suite);
      const { source, target } = await ends();
      for (const [name, object] of source) {
        const left = (object.metadata.annotations ?? {})['example.com/team'];
        if (left !== undefined) expect(target.get(name)?.metadata.annotations, name).toMatchObject({ 'example.com/team': left });
      }
      expect(invertedPairs(source, target)).toEqual([]);
      expect(target.get(`Cluster/${RESTING}`)?.['spec']).toMatchObject({ paused: true });
      for (const key of LIVE) expect(target.get(`Cluster/${key}`)?.['spec'], key).not.toMatchObject({ paused: true });
      expect(firstWriteOf(suite, 'secrets', 'site-files')).toBeLessThan(firstWriteOf(suite, 'clusters.cluster.x-k8s.io', 'plain'));
      expect(deletionsAtSource(suite)).toEqual([]);
    });

    test('does not bring back what was deleted at the source between two attempts', async () => {
      const { world } = suite.management;
      const { landed } = await killedRun(world, { kill: { side: 'done', phase: 'copy' } });
      expect(landed).toBe(true);
      const source = await world.source.client();
      await source.delete({ apiVersion: 'v1', kind: 'Secret', namespace: FLEET, name: 'site-files' });
      const again = await runPivotChild(world);
      if (again.code !== 0) {
        expect(again.error?.code).toMatch(/^SLW-PIV-/);
        expectDone(await runPivotChild(world, { verb: 'rollback' }));
        const { source: back } = await ends();
        expect(back.has(`Secret/${FLEET}/site-files`)).toBe(false);
        return;
      }
      const { target } = await ends();
      expect(target.has(`Secret/${FLEET}/site-files`)).toBe(false);
      await expectUntouchedMachines(suite);
    });

    test('moves one namespace away from a source that goes on owning the rest, and retires what it moved', async () => {
      const { world } = suite.management;
      const pivot = { namespaces: [YARD], disposableSource: false };
      const run = expectDone(await runPivotChild(world, { pivot }));
      expect(run.result?.status.stage).toBe('released');
      expectDone(await runPivotChild(world, { verb: 'retire', pivot }));
      const isYard = (name: string): boolean => name.split('/')[1] === YARD;
      const part = (yard: boolean): World => Object.fromEntries(Object.entries(suite.before).filter(([name]) => isYard(name) === yard));
      await expectObjects(await world.target.client(), part(true), { namespaces: [YARD], ...OWN_MARKS });
      await expectObjects(await world.source.client(), part(false), { namespaces: [FLEET], ...OWN_MARKS });
      const left = canonicalWorld(await readObjects(await world.source.client(), [YARD]));
      expect(Object.keys(left).filter((name) => !/^(ConfigMap|Secret)\//.test(name))).toEqual([]);
      expect((await (await world.source.client()).get(clusterRef(FLEET, 'plain')))?.['spec']).not.toMatchObject({ paused: true });
      expect(await suite.management.machineEvents(suite.lastEvent)).toEqual([]);
    });

    test('is silent at the source once it is fenced: no controller there writes anything after the target was released', async () => {
      const { world } = suite.management;
      expectDone(await runPivotChild(world));
      const released = readAudit(world.target.auditFile).find(
        ({ resource, object, verb }) => resource === 'clusters.cluster.x-k8s.io' && verb !== 'create' && object?.spec?.paused !== true,
      );
      expect(released).toBeDefined();
      expect(controllerWritesAfter(readAudit(world.source.auditFile), released?.from ?? 0)).toEqual([]);
    });
  });
}

interface PlanFacts {
  readonly refusals: readonly unknown[];
  readonly objects: readonly {
    readonly ref: { readonly kind: string; readonly name: string };
    readonly verdict: string;
    readonly reason: string;
    readonly droppedOwners?: readonly string[];
  }[];
}

const CLUSTERCTL = 'clusterctl.cluster.x-k8s.io';
const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

/**
 * Providers installed by somebody else's means have no labels of clusterctl; an owner that was deleted while nobody collected garbage is
 * still named by what it owned.
 */
export async function makeAwkward({ management }: Pick<PivotSuite, 'management'>, { labels = false } = {}): Promise<void> {
  const { world } = management;
  await world.source.revive('--controllers=-garbage-collector-controller');
  const client = await world.source.client();
  if (!labels)
    for (const { metadata } of (await client.list(DEFINITION, { labelSelector: CLUSTERCTL })).items)
      await client.mergePatch({ ...DEFINITION, name: metadata.name }, { metadata: { labels: { [CLUSTERCTL]: null } } });
  for (const ref of [
    { apiVersion: 'controlplane.cluster.x-k8s.io/v1beta2', kind: 'KubeadmControlPlane', namespace: FLEET, name: 'plain' },
    { apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta2', kind: 'DevCluster', namespace: FLEET, name: 'plain' },
  ]) {
    const object = await client.get(ref);
    const owners = [...(object?.metadata.ownerReferences ?? []), DANGLING_OWNER];
    await client.mergePatch(ref, { metadata: { ownerReferences: owners } });
  }
}

const second = (object: KubeObject | undefined): number => Date.parse(object?.metadata.creationTimestamp ?? '');

/** Objects of a kind whose order of creation was turned round: controllers take the oldest first for old. */
function invertedPairs(source: ReadonlyMap<string, KubeObject>, target: ReadonlyMap<string, KubeObject>): readonly string[] {
  const machines = [...source].filter(([name]) => /^(Machine|MachineSet)\//.test(name));
  return machines.flatMap(([a, first]) =>
    machines
      .filter(([b, other]) => first.kind === other.kind && second(first) < second(other) && second(target.get(a)) > second(target.get(b)))
      .map(([b]) => `${a} was older than ${b}`),
  );
}

function firstWriteOf({ management }: PivotSuite, resource: string, name: string): number {
  const event = readAudit(management.world.target.auditFile).find(
    (each) => each.resource === resource && each.name === name && each.verb === 'create' && !each.dryRun && each.code < 300,
  );
  if (!event) throw new Error(`${resource} ${name} was never created`);
  return event.to;
}

/** A disposable source is destroyed as a whole; nothing in it is deleted one by one, so nothing there can react to a deletion. */
function deletionsAtSource({ management }: PivotSuite): readonly string[] {
  return readAudit(management.world.source.auditFile)
    .filter(({ verb, resource }) => verb.startsWith('delete') && resource.includes('cluster.x-k8s.io'))
    .map(({ user, resource, name }) => `${user} ${resource} ${name}`);
}
