/**
 * 1,000 objects on a real API server (etcd waits for the disk, as in production): ours against `kubectl apply --server-side`,
 * whole programs, in turn, fresh names each time; once on loopback, where both wait for the processor that the server
 * shares with them, and once with a network in between, as to any server that is not on this machine.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '../test/support/api-server.ts';
import { peerBinary } from './peers.ts';
import { startRelay } from './relay.ts';
import { type BenchRow, median } from './row.ts';

const OBJECTS = 1_000;
const BUDGET = 10;
/** Between two data centres of one continent. */
const ROUND_TRIP_MS = 20;

type Render = (name: string) => string;

const configMap: Render = (name) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\ndata:\n  key: "${name}"\n`;
const deployment: Render = (name) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\n  namespace: default\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: ${name}\n  template:\n    metadata:\n      labels:\n        app: ${name}\n    spec:\n      containers:\n        - name: main\n          image: example/app:1\n`;

interface Arena {
  readonly kubectl: string;
  readonly folder: string;
  readonly kubeconfig: string;
  readonly runs: number;
  /** For the row: `on loopback`. */
  readonly where: string;
}

export async function benchApply(): Promise<readonly BenchRow[]> {
  const kubectl = peerBinary('kubectl');
  const server = await startApiServer({ durable: true });
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  const relay = await startRelay(server.port, ROUND_TRIP_MS / 2);
  try {
    const near: Arena = { kubectl, folder, kubeconfig: writeKubeconfig(folder, server, server.port), runs: 3, where: 'on loopback' };
    const far: Arena = { ...near, kubeconfig: writeKubeconfig(folder, server, relay.port), runs: 1, where: `${ROUND_TRIP_MS} ms away` };
    const rows: BenchRow[] = [];
    for (const arena of [near, far]) {
      rows.push(await compare('ConfigMaps', configMap, arena));
      rows.push(await compare('Deployments', deployment, arena));
    }
    return rows;
  } finally {
    relay.close();
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
}

function writeKubeconfig(folder: string, server: ApiServer, port: number): string {
  const file = join(folder, `kubeconfig-${port}`);
  writeFileSync(file, server.kubeconfig.replaceAll(`:${server.port}`, `:${port}`), { mode: 0o600 });
  return file;
}

async function compare(what: string, render: Render, arena: Arena): Promise<BenchRow> {
  const ours: number[] = [];
  const peer: number[] = [];
  for (let run = 0; run < arena.runs; run++) {
    const name = (whose: string): string => `${whose}-${what.toLowerCase()}-${arena.where.replaceAll(/\W+/g, '-')}-${run}`;
    // The launcher of the product keeps a compile cache, too.
    const cache = { NODE_COMPILE_CACHE: join(arena.folder, 'compile') };
    ours.push(
      await time(
        process.execPath,
        [join(import.meta.dirname, 'apply-manifest.ts'), arena.kubeconfig, write(arena.folder, name('ours'), render)],
        cache,
      ),
    );
    peer.push(
      await time(arena.kubectl, [
        '--kubeconfig',
        arena.kubeconfig,
        'apply',
        '--server-side',
        '-f',
        write(arena.folder, name('peer'), render),
      ]),
    );
  }
  const [oursMs, peerMs] = [median(ours), median(peer)];
  return {
    what: `apply of ${OBJECTS} ${what}, ${arena.where}`,
    ours: oursMs,
    unit: 'ms',
    peer: { name: 'kubectl apply --server-side', value: peerMs },
    budget: `>= ${BUDGET} x faster`,
    kept: peerMs >= BUDGET * oursMs,
  };
}

function write(folder: string, prefix: string, render: Render): string {
  const file = join(folder, `${prefix}.yaml`);
  writeFileSync(file, Array.from({ length: OBJECTS }, (_, index) => render(`${prefix}-${index}`)).join('---\n'));
  return file;
}

/** Not spawnSync: the relay runs in this process. */
function time(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<number> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
    let stderr = '';
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-500)));
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve(performance.now() - started) : reject(new Error(`${command} ${args.join(' ')} failed: ${stderr}`)),
    );
  });
}
