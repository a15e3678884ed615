/**
 * Converges infrastructure `local` once, in a process of its own that ends itself with SIGKILL at its N-th change of the world, right
 * before or right after it. The product knows nothing of it. argv: CLUSTERS_DIR KUBECONFIG before|after|never N
 */
import { readFileSync } from 'node:fs';
import { createLocalInfrastructure } from '../../src/capi/local/infrastructure.ts';
import type { Files, Host, Processes } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';

const [clustersDir = '', kubeconfig = '', side = 'never', nth = '1'] = process.argv.slice(2);
let changes = 0;

/** What is written at every run, changed or not, would keep a chain of kills from ever getting further. */
const isOwnLock = (path: unknown): boolean => typeof path === 'string' && path.includes('/.locks/');

async function counted<T>(subject: unknown, change: () => Promise<T>): Promise<T> {
  if (side === 'never' || isOwnLock(subject)) return change();
  const isHit = ++changes === Number(nth);
  if (isHit && side === 'before') process.kill(process.pid, 'SIGKILL');
  const result = await change();
  if (isHit) process.kill(process.pid, 'SIGKILL');
  return result;
}

function decorate<T extends object>(inner: T, names: readonly (keyof T & string)[]): T {
  return new Proxy(inner, {
    get: (_target, name) => {
      const member: unknown = Reflect.get(inner, name, inner);
      if (typeof member !== 'function') return member;
      const call = (...args: readonly unknown[]): Promise<unknown> => Reflect.apply(member, inner, args) as Promise<unknown>;
      return names.some((changing) => changing === name) ? (...args: readonly unknown[]) => counted(args[0], () => call(...args)) : call;
    },
  });
}

const real = createNodeHost();
const host: Host = {
  ...real,
  files: decorate<Files>(real.files, ['writeAtomic', 'remove', 'rename', 'symlink']),
  processes: decorate<Processes>(real.processes, ['spawnDetached', 'signal']),
};
const client = await createKubeClient(host, { kubeconfig: readFileSync(kubeconfig, 'utf8') });
const infrastructure = createLocalInfrastructure({
  host,
  client: decorate<KubeClient>(client, ['create', 'mergePatch']),
  clustersDir,
  toolchainDir: process.env['SLIPWAY_TEST_BIN'],
  timeoutMs: 300_000,
  report: (report) => 'message' in report && process.stderr.write(`${report.message}\n`),
});
try {
  await infrastructure.converge(new AbortController().signal);
  process.stdout.write(`done ${changes}\n`);
} finally {
  await client.close();
}
