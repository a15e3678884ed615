/** 1,000 objects on a real API server: ours against `kubectl apply --server-side`, whole programs, in turn, fresh names each time. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiServer, startApiServer } from '../test/support/api-server.ts';
import { peerBinary } from './peers.ts';
import { type BenchRow, median } from './row.ts';

const OBJECTS = 1_000;
const RUNS = 3;
const BUDGET = 10;

type Render = (name: string) => string;

const configMap: Render = (name) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n  namespace: default\ndata:\n  key: "${name}"\n`;
const deployment: Render = (name) =>
  `apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: ${name}\n  namespace: default\nspec:\n  replicas: 1\n  selector:\n    matchLabels:\n      app: ${name}\n  template:\n    metadata:\n      labels:\n        app: ${name}\n    spec:\n      containers:\n        - name: main\n          image: example/app:1\n`;

export async function benchApply(): Promise<readonly BenchRow[]> {
  const kubectl = peerBinary('kubectl');
  const server = await startApiServer();
  const folder = mkdtempSync(join(tmpdir(), 'slipway-bench-'));
  try {
    writeFileSync(join(folder, 'kubeconfig'), server.kubeconfig, { mode: 0o600 });
    return [compare('ConfigMaps', configMap, { kubectl, folder, server }), compare('Deployments', deployment, { kubectl, folder, server })];
  } finally {
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
}

interface Arena {
  readonly kubectl: string;
  readonly folder: string;
  readonly server: ApiServer;
}

function compare(what: string, render: Render, { kubectl, folder }: Arena): BenchRow {
  const kubeconfig = join(folder, 'kubeconfig');
  const ours = (file: string): number => time(process.execPath, [join(import.meta.dirname, 'apply-manifest.ts'), kubeconfig, file]);
  const peer = (file: string): number => time(kubectl, ['--kubeconfig', kubeconfig, 'apply', '--server-side', '-f', file]);
  const write = (prefix: string): string => {
    const file = join(folder, `${prefix}.yaml`);
    writeFileSync(file, Array.from({ length: OBJECTS }, (_, index) => render(`${prefix}-${index}`)).join('---\n'));
    return file;
  };
  const figures = Array.from(
    { length: RUNS },
    (_, run) => [ours(write(`ours-${what.toLowerCase()}-${run}`)), peer(write(`peer-${what.toLowerCase()}-${run}`))] as const,
  );
  const [oursMs, peerMs] = [median(figures.map(([ms]) => ms)), median(figures.map(([, ms]) => ms))];
  return {
    what: `apply of ${OBJECTS} ${what}`,
    ours: oursMs,
    unit: 'ms',
    peer: { name: 'kubectl apply --server-side', value: peerMs },
    budget: `>= ${BUDGET} x faster`,
    kept: peerMs >= BUDGET * oursMs,
  };
}

function time(command: string, args: readonly string[]): number {
  const started = performance.now();
  const { status, stderr } = spawnSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'], maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr.toString().slice(-500)}`);
  return performance.now() - started;
}
