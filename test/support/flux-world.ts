/** A real API server with the real Flux controllers as processes, and the product's own steps to put GitOps on it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ResolvedGitops, ResolvedKustomization, ResolvedRepository } from '../../src/config/resolved-gitops.ts';
import { stopProcess } from '../../src/control-plane/processes.ts';
import { Redactor } from '../../src/core/redaction.ts';
import type { Change, Step, StepContext, StepRecord, StepReport } from '../../src/engine/step.ts';
import type { FluxStepsOptions } from '../../src/flux/step-options.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import { ownerOf } from '../../src/kube/ownership.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import { requireBinaryName } from '../../src/toolchain/catalogue.ts';
import { type ApiServer, startApiServer, testBinary } from './api-server.ts';
import { endChild } from './end-child.ts';

export const host = createNodeHost();

export interface FluxWorld {
  readonly api: ApiServer;
  readonly client: KubeClient;
  readonly dir: string;
  /** Writes files of a fleet folder; undefined deletes nothing. */
  put(files: Readonly<Record<string, string>>, folder?: string): string;
  startControllers(): Promise<void>;
  stopControllers(): Promise<void>;
  options(gitops: ResolvedGitops, more?: Partial<FluxStepsOptions>): FluxStepsOptions;
  stop(): Promise<void>;
}

export async function startFluxWorld(): Promise<FluxWorld> {
  const api = await startApiServer({ controllerManager: true });
  const client = await createKubeClient(host, { kubeconfig: api.kubeconfig });
  const dir = mkdtempSync(join(tmpdir(), 'slipway-flux-'));
  const children: ChildProcess[] = [];
  const registerId = `test-${host.random.uuid()}`;
  return {
    api,
    client,
    dir,
    put: (files, folder = 'fleet') => {
      for (const [path, content] of Object.entries(files)) {
        const full = join(dir, folder, path);
        mkdirSync(dirname(full), { recursive: true });
        writeFileSync(full, content);
      }
      return join(dir, folder);
    },
    startControllers: async () =>
      void children.push(
        ...(await Promise.all(
          ['source-controller', 'kustomize-controller', 'helm-controller'].map((name) => startController(name, { api, dir })),
        )),
      ),
    stopControllers: () => stopChildren(children),
    options: (gitops, more = {}) => ({
      clusterName: 'demo',
      subject: 'Cluster/demo',
      needs: [],
      gitops,
      owner: ownerOf('test', 'demo'),
      gitDir: join(dir, 'state', 'git'),
      keyDir: join(dir, 'state', 'keys'),
      registerId: () => Promise.resolve(registerId),
      connect: () => Promise.resolve(client),
      redactor: new Redactor(),
      undo: 'uninstall',
      ...more,
    }),
    stop: async () => {
      await stopChildren(children);
      await stopProcess(host, { clusterId: registerId, component: 'git-server' });
      await client.close();
      await api.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

async function stopChildren(children: ChildProcess[]): Promise<void> {
  await Promise.all(children.splice(0).map((child) => endChild(child)));
}

async function startController(name: string, { api, dir }: { api: ApiServer; dir: string }): Promise<ChildProcess> {
  const own = join(dir, name);
  mkdirSync(join(own, 'tmp'), { recursive: true });
  mkdirSync(join(own, 'data'), { recursive: true });
  writeFileSync(join(own, 'kubeconfig'), api.kubeconfig, { mode: 0o600 });
  const [health, storage] = await Promise.all([freePort(), freePort()]);
  const source =
    name === 'source-controller'
      ? [`--storage-path=${join(own, 'data')}`, `--storage-addr=127.0.0.1:${storage}`, `--storage-adv-addr=127.0.0.1:${storage}`]
      : ['--http-retry=1', ...(name === 'kustomize-controller' ? ['--feature-gates=CancelHealthCheckOnNewRevision=true'] : [])];
  const args = [
    '--events-addr=',
    '--metrics-addr=127.0.0.1:0',
    `--health-addr=127.0.0.1:${health}`,
    '--min-retry-delay=250ms',
    '--max-retry-delay=5s',
    '--requeue-dependency=1s',
    ...source,
  ];
  const log = openSync(join(own, 'log'), 'a');
  return spawn(await testBinary(requireBinaryName(name)), args, {
    env: {
      KUBECONFIG: join(own, 'kubeconfig'),
      RUNTIME_NAMESPACE: 'flux-system',
      TMPDIR: join(own, 'tmp'),
      HOME: own,
      PATH: process.env['PATH'] ?? '',
    },
    stdio: ['ignore', log, log],
  });
}

export function controllerLog(world: FluxWorld, name: string): string {
  return readFileSync(join(world.dir, name, 'log'), 'utf8');
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

const at = { file: 'slipway.yaml', line: 1, col: 1 };

export function kustomization(name: string, more: Partial<ResolvedKustomization> = {}): ResolvedKustomization {
  return {
    name,
    at,
    path: `./${name}`,
    dependsOn: [],
    wait: true,
    prune: true,
    interval: '10m',
    timeout: '20s',
    retryInterval: '1m',
    suspend: false,
    force: false,
    healthChecks: [],
    healthCheckExprs: [],
    patches: [],
    ageKey: undefined,
    substitute: new Map(),
    substituteFrom: [],
    ...more,
  };
}

export function pathRepository(
  path: string,
  kustomizations: readonly ResolvedKustomization[],
  more: Partial<ResolvedRepository> = {},
): ResolvedRepository {
  const source = {
    type: 'git',
    address: { kind: 'path', path },
    ref: { branch: 'main' },
    interval: '1m',
    timeout: '20s',
    auth: undefined,
    caBundle: undefined,
  } as const;
  return { name: 'fleet', at, source, kustomizations, ...more };
}

export interface UpResult {
  readonly changes: Readonly<Record<string, Change>>;
  readonly reports: readonly StepReport[];
  readonly records: ReadonlyMap<string, StepRecord>;
}

/** What `up` does with steps, without journal and plan: observe, change, intent, apply, verify. */
export async function bringUp(
  steps: readonly Step[],
  options: { readonly timeoutMs?: number; readonly records?: Map<string, StepRecord>; readonly signal?: AbortSignal } = {},
): Promise<UpResult> {
  const { timeoutMs = 60_000, records = new Map<string, StepRecord>(), signal = new AbortController().signal } = options;
  const changes: Record<string, Change> = {};
  const reports: StepReport[] = [];
  for (const step of steps) {
    const context: StepContext = {
      host,
      signal,
      timeoutMs,
      outputs: (id) => records.get(id)?.outputs,
      record: records.get(step.id),
      report: (report) => reports.push(report),
    };
    const observed = await step.observe(context);
    const change = step.change(observed);
    changes[step.id] = change;
    if (change.kind !== 'none') {
      const intent = (await step.intent?.(observed, change, context)) ?? {};
      const outputs = await step.apply({ ...context, observed, change, intent });
      records.set(step.id, { step: step.id, state: 'applied', subject: step.subject, needs: step.needs, intent, outputs });
    }
    await step.verify?.(context);
  }
  return { changes, reports, records };
}
