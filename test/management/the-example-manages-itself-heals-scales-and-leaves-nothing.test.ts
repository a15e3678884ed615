import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER, LOCAL_GROUP, MACHINE, MACHINE_DEPLOYMENT } from '../../src/capi/words.ts';
import { conditionsOf } from '../../src/kube/readiness-state.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { countMachines, createManagementSandbox, DOWN, MANAGEMENT_PROJECT, planned, statusLine, UP } from '../support/management.ts';
import { connect } from '../support/project-world.ts';
import { killPid, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning } from '../support/world.ts';

const MINUTES = 60_000;
let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createManagementSandbox();
});
afterAll(() => sandbox.remove());

async function onManagement<T>(act: (client: Awaited<ReturnType<typeof connect>>) => Promise<T>): Promise<T> {
  const client = await connect(sandbox, 'mgmt');
  try {
    return await act(client);
  } finally {
    await client.close();
  }
}

const available = (object: KubeObject): boolean => conditionsOf(object).get('Available')?.status === 'True';

async function noChanges(): Promise<void> {
  expect(await planned(sandbox)).toEqual({ code: 0, text: `No changes. ${MANAGEMENT_PROJECT} is as its project says.\n` });
}

describe('the example with a management cluster', () => {
  it('is planned before anything is there', async () => {
    const { code, text } = await planned(sandbox);
    expect(code, text).toBe(2);
    expect(text).toContain('retire the bootstrap cluster mgmt-bootstrap');
    expect(processesMentioning(sandbox.dir)).toEqual([]);
  });

  it(
    'comes up: a cluster that manages itself, two workload clusters, no bootstrap cluster',
    async () => {
      const up = await succeed(sandbox, UP);
      console.log(`up took ${Math.round(up.ms / 1000)}s`);
      await onManagement(async (client) => {
        const { items } = await client.list(CLUSTER);
        expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(['mgmt', 'shop', 'web']);
        expect(items.filter(available)).toHaveLength(3);
      });
      expect(existsSync(join(sandbox.project, '.slipway', MANAGEMENT_PROJECT, 'clusters', 'mgmt-bootstrap'))).toBe(false);
      expect(processesMentioning('mgmt-bootstrap').filter(({ argv }) => argv.join(' ').includes(sandbox.dir))).toEqual([]);
      expect(await countMachines(sandbox)).toEqual({ created: 6, deleted: 0 });
    },
    15 * MINUTES,
  );

  it(
    'plans nothing right after, and is ready',
    async () => {
      await noChanges();
      expect(await statusLine(sandbox)).toBe(`${MANAGEMENT_PROJECT}: ready`);
      const again = await succeed(sandbox, UP);
      expect(again.stderr).toContain('0 changed');
    },
    5 * MINUTES,
  );

  it(
    'comes back after everything was killed at once, with the same machines',
    async () => {
      const victims = processesMentioning(sandbox.dir);
      expect(victims.length).toBeGreaterThan(15);
      for (const { pid } of victims) killPid(pid);
      expect((await planned(sandbox)).code).toBe(2);
      await succeed(sandbox, UP);
      await noChanges();
      expect(await countMachines(sandbox)).toEqual({ created: 6, deleted: 0 });
    },
    15 * MINUTES,
  );

  it(
    'sees a deleted pool and an edited field, and puts both right',
    async () => {
      await onManagement(async (client) => {
        const pool = { ...MACHINE_DEPLOYMENT, namespace: 'default', name: 'web-default' };
        await client.mergePatch(pool, { spec: { replicas: 2 } });
        const { code, text } = await planned(sandbox);
        expect(code, text).toBe(2);
        expect(text).toContain('spec.replicas');
        await client.delete(pool);
      });
      await succeed(sandbox, UP);
      await noChanges();
      await onManagement(async (client) => expect((await client.list(MACHINE)).items).toHaveLength(6));
    },
    15 * MINUTES,
  );

  it(
    'scales its workers when the project says so',
    async () => {
      const file = join(sandbox.project, 'slipway.yaml');
      writeFileSync(file, readFileSync(file, 'utf8').replace('default: {replicas: 3}', 'default: {replicas: 4}'));
      const before = await countMachines(sandbox);
      const { text } = await planned(sandbox);
      expect(text).toContain('spec.replicas');
      await succeed(sandbox, UP);
      await noChanges();
      const after = await countMachines(sandbox);
      expect({ created: after.created - before.created, deleted: after.deleted - before.deleted }).toEqual({ created: 1, deleted: 0 });
    },
    15 * MINUTES,
  );

  it(
    'is not destroyed without its names',
    async () => {
      const down = await sandbox.run(['down', '--yes']);
      expect(down.code).toBe(64);
      expect(await statusLine(sandbox)).toBe(`${MANAGEMENT_PROJECT}: ready`);
    },
    5 * MINUTES,
  );

  it(
    'is not destroyed while it manages a cluster of somebody else',
    async () => {
      const metadata = { name: 'guest', namespace: 'default' };
      const infrastructureRef = { apiGroup: LOCAL_GROUP, kind: 'LocalCluster', name: 'guest' };
      await onManagement((client) => client.create({ ...CLUSTER, metadata, spec: { paused: true, infrastructureRef } } as KubeObject));
      const down = await sandbox.run(DOWN);
      expect([down.code, down.stderr]).toEqual([1, expect.stringContaining('SLW-CAP-405: mgmt still manages Cluster/default/guest')]);
      expect((await planned(sandbox)).code).toBe(0);
      // Cluster API lets no paused Cluster go.
      await onManagement(async (client) => {
        const guest = { ...CLUSTER, ...metadata };
        await client.delete(guest);
        if (await client.get(guest)) await client.mergePatch(guest, { metadata: { finalizers: null } });
      });
    },
    5 * MINUTES,
  );

  it(
    'takes one workload cluster down alone',
    async () => {
      const before = await countMachines(sandbox);
      await succeed(sandbox, ['down', '--only', 'Cluster/shop', '--confirm', 'shop', '--timeout', '6m']);
      await onManagement(async (client) => {
        const { items } = await client.list(CLUSTER);
        expect(items.map(({ metadata }) => metadata.name).sort()).toEqual(['mgmt', 'web']);
      });
      expect(await countMachines(sandbox)).toEqual(before);
      expect((await planned(sandbox)).text).toContain('define shop');
    },
    15 * MINUTES,
  );

  it(
    'deletes its workload clusters and then itself, and leaves nothing',
    async () => {
      const down = await succeed(sandbox, DOWN);
      console.log(`down took ${Math.round(down.ms / 1000)}s`);
      expectNothingLeft({ sandbox, project: MANAGEMENT_PROJECT });
    },
    15 * MINUTES,
  );
});
