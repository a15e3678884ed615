import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadComponents } from '../../src/flux/components.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { applyObjects } from '../../src/kube/apply.ts';
import { deleteObjects } from '../../src/kube/delete.ts';
import { formatRef, type KubeObject, refOf } from '../../src/kube/types.ts';
import {
  configMap,
  existingProject,
  type ExistingCluster,
  objectNames,
  startExistingCluster,
  valueOf,
} from '../support/existing-cluster.ts';
import { createSandbox, type Sandbox, succeed } from '../support/slipway.ts';

const host = createNodeHost();
const signal = new AbortController().signal;
const repositories = (unit: string): string => `{${unit}-fleet: {git: {url: ./fleet}, kustomizations: {${unit}: {path: ./apps}}}}`;

let cluster: ExistingCluster;
const sandboxes: Sandbox[] = [];

beforeAll(async () => {
  cluster = await startExistingCluster();
});
afterAll(async () => {
  for (const sandbox of sandboxes) await sandbox.remove();
  await cluster?.stop();
});

function project(name: string): Sandbox {
  const sandbox = createSandbox({
    files: {
      'slipway.yaml': existingProject({ name, kubeconfig: `{file: ${cluster.kubeconfigFile}}`, repositories: repositories(name) }),
      'fleet/apps/web.yaml': configMap(`${name}-web`),
    },
  });
  sandboxes.push(sandbox);
  return sandbox;
}

/** Whole objects but for what the server and the controllers write. */
async function fluxOfOthers(): Promise<Readonly<Record<string, unknown>>> {
  const { objects } = await loadComponents(host);
  const live = await Promise.all(objects.map((object) => cluster.client.get(refOf(object))));
  return Object.fromEntries(
    live.flatMap((object) =>
      object ? [[formatRef(refOf(object)), [object.metadata.uid, object.metadata.labels, object['spec'], object['rules']]]] : [],
    ),
  );
}

describe('a Flux that others installed', () => {
  let components: readonly KubeObject[] = [];
  beforeAll(async () => {
    components = (await loadComponents(host)).objects;
    await applyObjects(cluster.client, components, { host, signal });
  });

  it('is used as it is, and left exactly so by down', async () => {
    const theirs = {
      apiVersion: 'source.toolkit.fluxcd.io/v1',
      kind: 'HelmRepository',
      metadata: { name: 'theirs', namespace: 'flux-system' },
      spec: { url: 'https://127.0.0.1:1/charts', interval: '1h' },
    };
    await cluster.client.create(theirs);
    const [flux, names] = [await fluxOfOthers(), await objectNames(cluster.client)];
    const guest = project('guest');
    const up = await succeed(guest, ['up', '--yes']);
    expect(up.stderr).not.toContain('install Flux v');
    expect(up.stdout).toMatch(/applied revision/);
    expect(await valueOf(cluster.client, 'guest-web')).toBe('one');
    expect((await guest.run(['plan', '--detailed-exitcode'])).code).toBe(0);
    await succeed(guest, ['down', '--confirm', 'guest', '--prune']);
    expect(await fluxOfOthers()).toEqual(flux);
    expect(await objectNames(cluster.client)).toEqual(names);
    await cluster.client.delete({ ...refOf(theirs) });
  });

  it('in another namespace gets no second one beside it', async () => {
    await deleteObjects(cluster.client, components.map(refOf), { host, signal, timeoutMs: 60_000 });
    const moved = components
      .filter(({ kind }) => kind === 'Deployment')
      .map((object) => ({ ...object, metadata: { ...object.metadata, namespace: 'default' } }));
    await applyObjects(cluster.client, moved, { host, signal });
    const { code, stderr } = await project('second').run(['up', '--yes']);
    expect([code, stderr]).toEqual([65, expect.stringMatching(/SLW-FLX-009[^]*in namespace default/)]);
    await deleteObjects(cluster.client, moved.map(refOf), { host, signal, timeoutMs: 60_000 });
  });
});

describe('two projects on one cluster', () => {
  it('share the Flux of the first; its down leaves the sources of the second', async () => {
    const [first, second] = [project('first'), project('next')];
    await succeed(first, ['up', '--yes']);
    await succeed(second, ['up', '--yes']);
    expect([await valueOf(cluster.client, 'first-web'), await valueOf(cluster.client, 'next-web')]).toEqual(['one', 'one']);
    const down = await succeed(first, ['down', '--confirm', 'first']);
    expect(down.stderr).toMatch(
      /the definitions of Flux stay: [^]*Kustomization\/flux-system\/next|GitRepository\/flux-system\/next-fleet/,
    );
    expect(
      await cluster.client.get({
        apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
        kind: 'Kustomization',
        namespace: 'flux-system',
        name: 'next',
      }),
    ).toBeDefined();
    await succeed(second, ['up', '--yes']);
    expect(await valueOf(cluster.client, 'next-web')).toBe('one');
    await succeed(second, ['down', '--confirm', 'next', '--prune']);
    expect(await valueOf(cluster.client, 'next-web')).toBeUndefined();
    expect(await valueOf(cluster.client, 'first-web')).toBe('one');
  });

  it('are told when they want objects of the same name', async () => {
    const owner = project('owner');
    const taker = createSandbox({
      files: {
        'slipway.yaml': existingProject({
          name: 'taker',
          kubeconfig: `{file: ${cluster.kubeconfigFile}}`,
          repositories: repositories('owner'),
        }),
        'fleet/apps/web.yaml': configMap('taken'),
      },
    });
    sandboxes.push(taker);
    await succeed(owner, ['up', '--yes']);
    const { code, stderr } = await taker.run(['up', '--yes']);
    expect([code, stderr]).toEqual([65, expect.stringMatching(/SLW-FLX-010[^]*was not created by this project/)]);
    await succeed(owner, ['down', '--confirm', 'owner', '--prune']);
  });
});
