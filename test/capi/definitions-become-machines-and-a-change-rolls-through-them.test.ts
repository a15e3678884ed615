import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderDefinitions } from '../../src/capi/definitions/definitions.ts';
import { sampleCluster } from '../../src/capi/definitions/sample-clusters.ts';
import { isTemplate, staleTemplates } from '../../src/capi/definitions/stale-templates.ts';
import { applyDefinitions, diffDefinitions } from '../../src/capi/definitions/write.ts';
import { CLUSTER, CLUSTER_CLASS, KUBEADM_CONTROL_PLANE, MACHINE, MACHINE_DEPLOYMENT, MACHINE_SET } from '../../src/capi/words.ts';
import { deleteObjects } from '../../src/kube/delete.ts';
import type { GroupKind, KubeClient, KubeObject } from '../../src/kube/types.ts';
import { createManagement, type Management, waitAvailable } from '../support/capi-management.ts';

const LONG_MS = 540_000;
const infrastructure = (kind: string): GroupKind => ({ apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta2', kind });
const KINDS: readonly GroupKind[] = [
  ...[CLUSTER, CLUSTER_CLASS, KUBEADM_CONTROL_PLANE, MACHINE_DEPLOYMENT, MACHINE_SET],
  ...[infrastructure('DevMachineTemplate'), infrastructure('DevClusterTemplate')],
  { apiVersion: 'bootstrap.cluster.x-k8s.io/v1beta2', kind: 'KubeadmConfigTemplate' },
  { apiVersion: 'controlplane.cluster.x-k8s.io/v1beta2', kind: 'KubeadmControlPlaneTemplate' },
];

/** One machine of each, quickly: what is tried here is not their number. */
const small = (project: string): string => project.replace(/replicas: 3/g, 'replicas: 1').replace(/dev: \{startup: .*\}\}\n/, '\n');
const slower = (project: string): string =>
  small(project).replace('managementCluster: mgmt', 'managementCluster: mgmt\n    dev: {startup: {node: 1s}}');

/** Webhooks, defaulting and controllers judge the definitions: what only rendered well is not enough. */
describe.each([
  ['plain objects', 'dev'],
  ['a class', 'class-dev'],
])('a definition as %s', (_title, sample) => {
  let management: Management;
  let client: KubeClient;

  beforeAll(async () => {
    management = await createManagement();
    client = await management.world.source.client();
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'fleet' } }, { force: true });
  });
  afterAll(() => management?.close());

  const rendered = async (edit: (project: string) => string): Promise<readonly KubeObject[]> => {
    const { cluster, text } = await sampleCluster(sample, edit);
    return renderDefinitions(cluster, text);
  };
  const apply = (objects: readonly KubeObject[]) =>
    applyDefinitions(client, objects, {
      host: management.world.host,
      force: true,
      timeoutMs: LONG_MS,
      signal: AbortSignal.timeout(LONG_MS),
    });
  const listed = async (): Promise<readonly KubeObject[]> => {
    const lists = await Promise.all(
      KINDS.map(async (kind) => (await client.list(kind, { namespace: 'fleet' })).items.map((item) => ({ ...item, ...kind }))),
    );
    return lists.flat();
  };
  const machines = async (): Promise<readonly string[]> =>
    (await client.list(MACHINE, { namespace: 'fleet' })).items.map(({ metadata }) => metadata.name).sort();

  test('becomes machines; applied again it changes nothing; changed, it replaces each machine and leaves no template behind', async () => {
    const before = await rendered(small);
    await apply(before);
    await waitAvailable(client, ['fleet'], LONG_MS);
    const first = await machines();
    expect(first).toHaveLength(3);
    const again = await diffDefinitions(client, before, { force: true, signal: AbortSignal.timeout(LONG_MS) });
    expect(again.filter(({ action }) => action !== 'none')).toEqual([]);

    const after = await rendered(slower);
    const changed = await diffDefinitions(client, after, { force: true, signal: AbortSignal.timeout(LONG_MS) });
    expect(changed.some(({ action }) => action === 'create')).toBe(true);
    await apply(after);
    expect(staleTemplates(after, await listed()).length, 'old templates that machines still need').toBeLessThan(
      before.filter(isTemplate).length,
    );
    await until(
      async () => (await machines()).length === 3 && (await machines()).every((name) => !first.includes(name)),
      'all machines are new',
    );
    await waitAvailable(client, ['fleet'], LONG_MS);
    const own = (object: KubeObject): boolean =>
      isTemplate(object) &&
      [...before, ...after].some(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name);
    await until(
      async () =>
        staleTemplates(after, await listed()).filter(({ kind, name }) =>
          before.some((old) => old.kind === kind && old.metadata.name === name),
        ).length > 0,
      'templates are stale',
    );
    // Some are in use until the last old MachineSet has gone.
    await until(async () => {
      const stale = staleTemplates(after, await listed());
      const bound = { host: management.world.host, signal: AbortSignal.timeout(LONG_MS), timeoutMs: LONG_MS };
      if (stale.length > 0) await deleteObjects(client, stale, bound);
      const left = (await listed()).filter(own);
      return left.every((object) => after.some(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name));
    }, 'no template of before is left');
    expect(await machines()).toHaveLength(3);
    expect(
      (await diffDefinitions(client, after, { force: true, signal: AbortSignal.timeout(LONG_MS) })).filter(
        ({ action }) => action !== 'none',
      ),
    ).toEqual([]);
  });
});

async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  for (const begun = performance.now(); !(await holds()); await sleep(500))
    if (performance.now() - begun > LONG_MS) throw new Error(`never: ${what}`);
}
