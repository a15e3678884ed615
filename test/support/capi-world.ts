/**
 * Two real management clusters for the pivot's suites: local control planes by the product's own steps, with audit logs, a kubelet's
 * work done all the time by the local runtime, and a snapshot of both (etcd, folders, process register) that kill points start from.
 * What is asked of an API server beyond the product's flags comes from a toolchain folder of wrappers: the product has no hook.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { clusterLayout } from '../../src/control-plane/cluster-layout.ts';
import { controlPlaneSteps } from '../../src/control-plane/steps.ts';
import { readCluster, requireCluster } from '../../src/control-plane/local-cluster.ts';
import { listClusterIds, registryRoot } from '../../src/control-plane/process-registry.ts';
import { listProcesses, stopProcess } from '../../src/control-plane/processes.ts';
import { createRuntime, type Runtime } from '../../src/control-plane/runtime/runtime.ts';
import type { Host } from '../../src/host/host.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient } from '../../src/kube/types.ts';
import type { BinaryName } from '../../src/toolchain/catalogue.ts';
import { testBinary } from './api-server.ts';
import { AUDIT_POLICY } from './capi-audit.ts';
import { createStepDriver } from './step-driver.ts';

const run = promisify(execFile);

export const END_NAMES = ['source', 'target'] as const;
export type EndName = (typeof END_NAMES)[number];

export interface CapiEnd {
  readonly name: EndName;
  readonly clusterDir: string;
  /** JSON lines; undefined in a world without audit logs. */
  readonly auditFile: string;
  /** Text of the administrator's kubeconfig. */
  kubeconfig(): Promise<string>;
  /** The same client until the next restore. */
  client(): Promise<KubeClient>;
  runtime(): Promise<Runtime>;
  /** SIGKILL to one registered process; while the kubelet rests or for a control plane's own, it stays dead until `start`. */
  kill(component: RegExp): Promise<void>;
  /** The kubelet stops and starts: what dies meanwhile stays dead. */
  restKubelet(): Promise<void>;
  /** Starts what is dead, with further flags for the controller manager if given, and the kubelet. */
  revive(controllerManagerFlags?: string): Promise<void>;
}

export interface CapiWorld {
  readonly host: Host;
  readonly dir: string;
  /** State home of every process of this world. */
  readonly stateHome: string;
  readonly cloudFile: string;
  readonly toolchainDir: string;
  readonly source: CapiEnd;
  readonly target: CapiEnd;
  /** Called for an end each time its processes were started: a pod may have come back on another port. */
  onStarted: ((end: CapiEnd) => Promise<void>) | undefined;
  /** Makes both control planes serve and their pods run, then goes on doing a kubelet's work. */
  start(): Promise<void>;
  /** SIGKILL to every process of both ends, as in a power cut; what is not an end (the cloud) lives on. */
  halt(): Promise<void>;
  snapshot(label: string): Promise<void>;
  /** Both ends as they were at the snapshot, running again, with empty audit logs. */
  restore(label: string): Promise<void>;
  close(): Promise<void>;
}

export interface CapiWorldOptions {
  /** Default true; a benchmark goes without. */
  readonly audit?: boolean;
}

/** Nothing runs before `start`. */
export async function createCapiWorld({ audit = true }: CapiWorldOptions = {}): Promise<CapiWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'slipway-capi-'));
  const stateHome = join(dir, 'state');
  const real = createNodeHost();
  const host: Host = { ...real, env: { ...real.env, get: (name) => (name === 'XDG_STATE_HOME' ? stateHome : real.env.get(name)) } };
  const toolchainDir = await wrapBinaries(dir, audit);
  const world = new World({ host, dir, stateHome, toolchainDir });
  return world;
}

/**
 * The folder that stands first in the search has an API server with more flags than the product gives, and a controller manager that takes
 * further ones from a file in its cluster's folder each time it is started.
 */
async function wrapBinaries(dir: string, audit: boolean): Promise<string> {
  const folder = join(dir, 'toolchain');
  mkdirSync(folder);
  const policy = join(dir, 'audit-policy.yaml');
  writeFileSync(policy, AUDIT_POLICY);
  const wrap = async (name: BinaryName, more: string): Promise<void> => {
    writeFileSync(join(folder, name), `#!/bin/sh\nexec ${await testBinary(name)} "$@" ${more}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  if (audit) await wrap('kube-apiserver', `--audit-policy-file=${policy} --audit-log-path="$PWD/audit.log" --audit-log-maxsize=100000`);
  await wrap('kube-controller-manager', `$(cat "$PWD/${MORE_FLAGS}" 2>/dev/null)`);
  return folder;
}

const MORE_FLAGS = 'more-controller-manager-flags';

interface WorldParts {
  readonly host: Host;
  readonly dir: string;
  readonly stateHome: string;
  readonly toolchainDir: string;
}

class World implements CapiWorld {
  readonly host: Host;
  readonly dir: string;
  readonly stateHome: string;
  readonly cloudFile: string;
  readonly toolchainDir: string;
  readonly source: End;
  readonly target: End;
  onStarted: ((end: CapiEnd) => Promise<void>) | undefined;

  constructor({ host, dir, stateHome, toolchainDir }: WorldParts) {
    this.host = host;
    this.dir = dir;
    this.stateHome = stateHome;
    this.toolchainDir = toolchainDir;
    this.cloudFile = join(dir, 'cloud', 'cloud.json');
    this.source = new End(this, 'source');
    this.target = new End(this, 'target');
  }

  async start(): Promise<void> {
    await Promise.all([this.source, this.target].map((end) => end.start()));
  }

  async halt(): Promise<void> {
    await Promise.all([this.source, this.target].map((end) => end.halt()));
  }

  async snapshot(label: string): Promise<void> {
    await this.halt();
    await copyTree([join(this.dir, 'clusters'), this.#registers()], join(this.dir, 'snapshots', label));
    await this.start();
  }

  /** The cloud's own entry in the process register stays. */
  async restore(label: string): Promise<void> {
    await this.halt();
    const from = join(this.dir, 'snapshots', label);
    const ids = await Promise.all([this.source, this.target].map((end) => end.clusterId()));
    rmSync(join(this.dir, 'clusters'), { recursive: true, force: true });
    for (const id of ids) rmSync(join(this.#registers(), id), { recursive: true, force: true });
    await run('cp', ['-a', join(from, 'clusters'), this.dir]);
    for (const id of ids) await run('cp', ['-a', join(from, 'processes', id), this.#registers()]);
    for (const end of [this.source, this.target]) if (existsSync(end.auditFile)) truncateSync(end.auditFile);
    await this.start();
  }

  async close(): Promise<void> {
    await this.halt().catch(() => undefined);
    for (const clusterId of await listClusterIds(this.host))
      for (const { component } of await listProcesses(this.host, clusterId)) await stopProcess(this.host, { clusterId, component }, 2_000);
    await rm(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #registers(): string {
    return registryRoot(this.host);
  }
}

async function copyTree(folders: readonly string[], to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const folder of folders) await run('cp', ['-a', folder, to]);
}

const START_MS = 180_000;

class End implements CapiEnd {
  readonly name: EndName;
  readonly clusterDir: string;
  readonly auditFile: string;
  readonly #world: WorldParts & Pick<CapiWorld, 'onStarted'>;
  #client: Promise<KubeClient> | undefined;
  #kubelet: { readonly stop: AbortController; readonly done: Promise<void> } | undefined;

  constructor(world: WorldParts & Pick<CapiWorld, 'onStarted'>, name: EndName) {
    this.#world = world;
    this.name = name;
    this.clusterDir = join(world.dir, 'clusters', name);
    this.auditFile = join(this.clusterDir, 'audit.log');
  }

  async kubeconfig(): Promise<string> {
    const text = await this.#world.host.files.readText(clusterLayout(this.clusterDir).kubeconfig);
    if (text === undefined) throw new Error(`${this.name} was never started`);
    return text;
  }

  client(): Promise<KubeClient> {
    this.#client ??= this.kubeconfig().then((kubeconfig) => createKubeClient(this.#world.host, { kubeconfig, name: this.name }));
    return this.#client;
  }

  async runtime(): Promise<Runtime> {
    const { host, toolchainDir } = this.#world;
    return createRuntime({
      host,
      client: await this.client(),
      cluster: await requireCluster(host, this.clusterDir),
      toolchainDir,
      timeoutMs: START_MS,
      report: () => undefined,
    });
  }

  async clusterId(): Promise<string> {
    return (await requireCluster(this.#world.host, this.clusterDir)).clusterId;
  }

  async start(): Promise<void> {
    const { host, toolchainDir } = this.#world;
    const { name, clusterDir } = this;
    const steps = controlPlaneSteps({ clusterName: name, clusterDir, subject: `Cluster/${name}`, toolchainDir });
    await createStepDriver(host, { timeoutMs: START_MS }).up(steps);
    await (await this.runtime()).converge(new AbortController().signal);
    const stop = new AbortController();
    this.#kubelet = { stop, done: (await this.runtime()).watch(stop.signal).catch(() => undefined) };
    await this.#world.onStarted?.(this);
  }

  async restKubelet(): Promise<void> {
    this.#kubelet?.stop.abort();
    await this.#kubelet?.done;
    this.#kubelet = undefined;
  }

  async revive(controllerManagerFlags?: string): Promise<void> {
    const file = join(this.clusterDir, MORE_FLAGS);
    if (controllerManagerFlags !== undefined) {
      writeFileSync(file, controllerManagerFlags);
      await this.kill(/^kube-controller-manager$/);
    }
    await this.restKubelet();
    await this.start();
  }

  async kill(component: RegExp): Promise<void> {
    const { host } = this.#world;
    const cluster = existsSync(this.clusterDir) ? await readCluster(host, this.clusterDir) : undefined;
    const states = cluster ? await listProcesses(host, cluster.clusterId) : [];
    const hit = states.filter((state) => component.test(state.component));
    await Promise.all(hit.map(({ identity }) => identity && killForCertain(host, identity)));
  }

  async halt(): Promise<void> {
    await this.restKubelet();
    await (await this.#client)?.close();
    this.#client = undefined;
    await this.kill(/./);
  }
}

async function killForCertain(host: Host, identity: Parameters<Host['processes']['signal']>[0]): Promise<void> {
  while (await host.processes.isAlive(identity)) {
    await host.processes.signal(identity, 'SIGKILL');
    await host.clock.sleep(10);
  }
}
