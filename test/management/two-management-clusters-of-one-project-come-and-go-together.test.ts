import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLUSTER, INFRASTRUCTURE_API, INFRASTRUCTURE_GROUP } from '../../src/capi/words.ts';
import type { KubeObject } from '../../src/kube/types.ts';
import { countMachines, planned, statusLine, UP } from '../support/management.ts';
import { connect } from '../support/project-world.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';
import { expectNothingLeft } from '../support/storm.ts';
import { processesMentioning } from '../support/world.ts';
import { THOROUGH } from '../support/thorough.ts';

const MINUTES = 60_000;
const PROJECT = 'management';
const DOWN = ['down', '--confirm', PROJECT, '--timeout', '6m'];
/** Nobody acts on it, not even with a Cluster of that name. */
const PAUSED = { 'cluster.x-k8s.io/paused': 'true' };
const MANAGERS = ['east', 'west'] as const;

const management = (name: string): string => `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: ${name}}
spec:
  provisioner: capi
  role: management
  capi: {infrastructure: local}
  bootstrapCluster: {provisioner: local}
`;

/** Each makes one machine, in the cloud that they share. */
const workload = (name: string, of: string): string => `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: ${name}}
spec:
  provisioner: capi
  capi: {managementCluster: ${of}, infrastructure: dev, controlPlane: {replicas: 1}}
`;

const FILE = [
  `apiVersion: slipway.dev/v1alpha1\nkind: Project\nmetadata: {name: ${PROJECT}}\nspec: {}\n`,
  ...MANAGERS.flatMap((name) => [management(name), workload(`${name}-web`, name)]),
].join('---\n');

let sandbox: Sandbox;
beforeAll(() => {
  sandbox = createSandbox({ files: { 'slipway.yaml': FILE } });
});
afterAll(() => sandbox?.remove());

async function clustersOn(name: string): Promise<readonly string[]> {
  const client = await connect(sandbox, name);
  try {
    return (await client.list(CLUSTER)).items.map(({ metadata }) => metadata.name).sort();
  } finally {
    await client.close();
  }
}

describe('a project with two management clusters', () => {
  it.runIf(THOROUGH)(
    'comes up at once: each took over its own definition and makes its own workload cluster',
    async () => {
      const up = await succeed(sandbox, UP);
      console.log(`up took ${Math.round(up.ms / 1000)}s`);
      for (const name of MANAGERS) expect(await clustersOn(name)).toEqual([name, `${name}-web`]);
      for (const name of MANAGERS)
        expect(processesMentioning(`${sandbox.dir}/project/.slipway/${PROJECT}/clusters/${name}-bootstrap`)).toEqual([]);
      expect(await countMachines(sandbox)).toEqual({ created: 2, deleted: 0 });
      expect(await statusLine(sandbox)).toBe(`${PROJECT}: ready`);
    },
    15 * MINUTES,
  );

  it.runIf(THOROUGH)(
    'has nothing to do the second time',
    async () => {
      expect(await planned(sandbox)).toEqual({ code: 0, text: `No changes. ${PROJECT} is as its project says.\n` });
      expect((await succeed(sandbox, UP)).stderr).toContain('0 changed');
    },
    5 * MINUTES,
  );

  it.runIf(THOROUGH)(
    'does not move simulated machines away from a cloud that goes',
    async () => {
      const metadata = { name: 'guest', namespace: 'default' };
      const infrastructure = { apiVersion: INFRASTRUCTURE_API, kind: 'DevCluster' };
      const infrastructureRef = { apiGroup: INFRASTRUCTURE_GROUP, kind: 'DevCluster', name: 'guest' };
      sandbox.put({ 'west.kubeconfig': (await succeed(sandbox, ['kubeconfig', 'west'])).stdout });
      const east = await connect(sandbox, 'east');
      try {
        await east.create({ ...CLUSTER, metadata, spec: { paused: true, infrastructureRef } } as KubeObject);
        await east.create({ ...infrastructure, metadata: { ...metadata, annotations: PAUSED }, spec: { backend: { inMemory: {} } } });
        const down = await sandbox.run([...DOWN, '--to', 'west.kubeconfig']);
        expect([down.code, down.stderr]).toEqual([1, expect.stringContaining('SLW-CAP-410: the machines of Cluster/default/guest')]);
        for (const guest of [CLUSTER, infrastructure].map((kind) => ({ ...kind, ...metadata }))) {
          await east.delete(guest);
          if (await east.get(guest)) await east.mergePatch(guest, { metadata: { finalizers: null } });
        }
      } finally {
        await east.close();
      }
      expect((await planned(sandbox)).code).toBe(0);
    },
    5 * MINUTES,
  );

  it.runIf(THOROUGH)(
    'loses one of them without the other noticing, and gets it back',
    async () => {
      const before = await countMachines(sandbox);
      const gone = ['Cluster/east', 'Cluster/east-web'].flatMap((each) => ['--only', each]);
      const down = ['down', ...gone, '--confirm', 'east', '--confirm', 'east-web', '--timeout', '6m'];
      await succeed(sandbox, down);
      expect(await clustersOn('west')).toEqual(['west', 'west-web']);
      expect(await countMachines(sandbox)).toEqual({ ...before, deleted: before.deleted + 1 });
      await succeed(sandbox, UP);
      expect(await clustersOn('east')).toEqual(['east', 'east-web']);
    },
    15 * MINUTES,
  );

  it.runIf(THOROUGH)(
    'goes down at once, and leaves nothing',
    async () => {
      await succeed(sandbox, DOWN);
      expectNothingLeft({ sandbox, project: PROJECT });
    },
    15 * MINUTES,
  );
});
