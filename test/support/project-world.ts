/** The world of one sandboxed project: what its clusters hold, which processes and ports live, which files lie there. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Json } from '../../src/core/digest.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { type Sandbox, succeed } from './slipway.ts';
import { apiObjects, differences, files, listeningPorts, normaliseText, processesMentioning, type World } from './world.ts';

/** Parts of the folders whose names or contents are chosen by time, chance or a database. */
const UNSTABLE_FILES =
  /(^|\/)(journal\.db.*|lock\.db.*|owner\.json|etcd\/.*|logs?\/.*|.*\.log(\.\d+)?|data\/.*|tmp\/.*|.*\.(key|crt|pem))$/;

/** Besides ports and generated names: folders, cluster ids and the nonces of process records are chosen anew by each world. */
function stable(text: string, sandbox: Sandbox): string {
  return normaliseText(text.replaceAll(sandbox.dir, ''))
    .replaceAll(/-port=\d{2,5}/g, '-port=PORT')
    .replaceAll(/\.[0-9a-f]{12}\.pid/g, '.*.pid')
    .replaceAll(/processes\/[0-9a-f]{20}/g, 'processes/*');
}

export async function projectWorld(sandbox: Sandbox, clusters: readonly string[]): Promise<World> {
  const world: Record<string, Json> = {};
  for (const cluster of clusters) {
    const objects = await clusterObjects(sandbox, cluster);
    for (const [name, value] of Object.entries(objects)) world[`${cluster}: ${name}`] = value;
  }
  for (const { argv, pid } of processesMentioning(sandbox.dir)) {
    const name = `process: ${argv.map((part) => stable(part, sandbox)).join(' ')}`;
    const seen = (world[name] as readonly Json[] | undefined) ?? [];
    world[name] = [...seen, `${listeningPorts(pid).length} ports`].sort();
  }
  for (const [title, folder] of [
    ['file', join(sandbox.project, '.slipway')],
    ['register', join(sandbox.dir, 'xdg-state')],
    ['temporary', sandbox.env['TMPDIR'] ?? ''],
  ] as const) {
    if (!existsSync(folder)) continue;
    const found = files(folder, { skip: (path) => UNSTABLE_FILES.test(path), content: () => false });
    for (const [name, value] of Object.entries(found)) world[`${title}: ${stable(name, sandbox)}`] = value;
  }
  return world;
}

/** A client of a cluster of the project, by its own kubeconfig; the caller closes it. */
export async function connect(sandbox: Sandbox, cluster: string): Promise<KubeClient> {
  const { stdout } = await succeed(sandbox, ['kubeconfig', cluster]);
  return createKubeClient(createNodeHost(), { kubeconfig: stdout });
}

async function clusterObjects(sandbox: Sandbox, cluster: string): Promise<World> {
  const client = await connect(sandbox, cluster);
  try {
    return await apiObjects({
      get: async (path) => {
        const { status, body } = await client.raw(path);
        return status === 200 ? (JSON.parse(body) as Record<string, unknown>) : { items: [] };
      },
    });
  } finally {
    await client.close();
  }
}

/** Controllers go on for a moment after `up` ended; two worlds are the same when they become so within the bound. */
export async function expectSameWorld(sandbox: Sandbox, clusters: readonly string[], expected: World, boundMs = 30_000): Promise<void> {
  const bound = performance.now() + boundMs;
  let found: readonly string[];
  do {
    found = differences(expected, await projectWorld(sandbox, clusters));
    if (found.length === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 250));
  } while (performance.now() < bound);
  throw new Error(`the world differs from that of an uninterrupted run:\n${found.slice(0, 20).join('\n')}`);
}

/** The world once it stopped changing: two equal looks half a second apart. */
export async function settledWorld(sandbox: Sandbox, clusters: readonly string[], boundMs = 60_000): Promise<World> {
  const bound = performance.now() + boundMs;
  let last = await projectWorld(sandbox, clusters);
  while (performance.now() < bound) {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const next = await projectWorld(sandbox, clusters);
    if (differences(last, next).length === 0) return next;
    last = next;
  }
  throw new Error('the world did not settle');
}
