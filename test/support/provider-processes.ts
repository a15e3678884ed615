/**
 * One API server with the real providers of Cluster API as plain child processes of the test, so that each can be killed, its
 * webhooks cut off, its objects spoilt: what stalls are made of. Without Deployments: nothing stands between the test and a process.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createNodeHost } from '../../src/host/node.ts';
import { createKubeClient } from '../../src/kube/client.ts';
import type { KubeClient, KubeObject } from '../../src/kube/types.ts';
import type { BinaryName } from '../../src/toolchain/catalogue.ts';
import { type ApiServer, startApiServer, testBinary } from './api-server.ts';
import { endChild } from './end-child.ts';
import { REPOSITORY } from './slipway.ts';

export const PROVIDER_PROCESSES = ['core', 'kubeadm-bootstrap', 'kubeadm-control-plane', 'in-memory'] as const;
export type ProviderProcess = (typeof PROVIDER_PROCESSES)[number];

const BINARIES: Readonly<Record<ProviderProcess, BinaryName>> = {
  core: 'cluster-api-core',
  'kubeadm-bootstrap': 'cluster-api-kubeadm-bootstrap',
  'kubeadm-control-plane': 'cluster-api-kubeadm-control-plane',
  'in-memory': 'in-memory-provider',
};

interface DefinitionSpec {
  readonly group: string;
  readonly names: { readonly kind: string };
  readonly versions: readonly { readonly name: string; readonly served: boolean }[];
}

interface Ports {
  readonly webhook: number;
  readonly health: number;
}

export interface ProviderCluster {
  readonly api: ApiServer;
  readonly client: KubeClient;
  /** Of the in-memory cloud. */
  readonly cloudFile: string;
  /** What the manifests of a provider hold, e.g. its Deployment, which is not applied by itself. */
  component(provider: ProviderProcess, kind: string): KubeObject;
  kill(provider: ProviderProcess): Promise<void>;
  start(provider: ProviderProcess): Promise<void>;
  /** The log of a provider so far. */
  log(provider: ProviderProcess): string;
  stop(): Promise<void>;
}

/** Definitions, webhooks by URL, all four providers ready. */
export async function startProviderCluster(): Promise<ProviderCluster> {
  const api = await startApiServer({ controllerManager: true });
  const client = await createKubeClient(createNodeHost(), { kubeconfig: api.kubeconfig });
  const world = new Providers(api, client);
  try {
    await world.boot();
    return world;
  } catch (error) {
    await world.stop();
    throw error;
  }
}

class Providers implements ProviderCluster {
  readonly api: ApiServer;
  readonly client: KubeClient;
  readonly cloudFile: string;
  readonly #children = new Map<string, ChildProcess>();
  readonly #ports = new Map<ProviderProcess, Ports>();

  constructor(api: ApiServer, client: KubeClient) {
    this.api = api;
    this.client = client;
    this.cloudFile = join(api.folder, 'cloud.json');
  }

  component(provider: ProviderProcess, kind: string): KubeObject {
    const found = componentsOf(provider).find((object) => object.kind === kind);
    if (!found) throw new Error(`${provider} has no ${kind}`);
    return found;
  }

  async boot(): Promise<void> {
    await this.#choosePorts();
    const certificates = join(this.api.folder, 'webhooks');
    mkdirSync(certificates);
    symlinkSync(join(this.api.folder, 'server.crt'), join(certificates, 'tls.crt'));
    symlinkSync(join(this.api.folder, 'server.key'), join(certificates, 'tls.key'));
    writeFileSync(join(this.api.folder, 'admin.kubeconfig'), this.api.kubeconfig, { mode: 0o600 });
    this.#launch('cloud', [await testBinary('in-memory-provider'), 'cloud', `--cloud-file=${this.cloudFile}`], {});
    for (const provider of PROVIDER_PROCESSES) {
      for (const object of componentsOf(provider)) {
        const given = object.kind === 'CustomResourceDefinition' ? this.#byUrl(provider, object) : object;
        if (given.kind === 'CustomResourceDefinition' || given.kind === 'Namespace') await this.client.apply(given);
      }
    }
    await this.#untilServed();
    await Promise.all(PROVIDER_PROCESSES.map((provider) => this.start(provider)));
    for (const provider of PROVIDER_PROCESSES)
      for (const object of componentsOf(provider))
        if (object.kind.endsWith('WebhookConfiguration')) await this.client.apply(this.#byUrl(provider, object));
  }

  /** A provider that starts while its own kinds are not discovered yet ends. */
  async #untilServed(): Promise<void> {
    const definitions = PROVIDER_PROCESSES.flatMap((provider) => componentsOf(provider)).filter(
      ({ kind }) => kind === 'CustomResourceDefinition',
    ) as unknown as readonly { readonly spec: DefinitionSpec }[];
    for (const { spec } of definitions)
      for (const { name } of spec.versions.filter(({ served }) => served))
        while (!(await this.client.serves({ apiVersion: `${spec.group}/${name}`, kind: spec.names.kind }))) await sleep(50);
  }

  async start(provider: ProviderProcess): Promise<void> {
    const { webhook, health } = this.#portsOf(provider);
    const argv = [
      await testBinary(BINARIES[provider]),
      `--kubeconfig=${join(this.api.folder, 'admin.kubeconfig')}`,
      `--webhook-port=${webhook}`,
      `--webhook-cert-dir=${join(this.api.folder, 'webhooks')}`,
      `--health-addr=127.0.0.1:${health}`,
      '--diagnostics-address=0',
      '--kube-api-qps=500',
      '--kube-api-burst=1000',
      '--feature-gates=ClusterTopology=true,MachinePool=true,ReconcilerRateLimiting=false',
    ];
    const child = this.#launch(provider, argv, { POD_IP: '127.0.0.1', IN_MEMORY_CLOUD_FILE: this.cloudFile });
    for (let attempt = 0; attempt < 1_200; attempt++) {
      if (child.exitCode !== null) throw new Error(`${provider} exited with ${child.exitCode}: ${this.log(provider).slice(-1_500)}`);
      if (await answersReady(health)) return;
      await sleep(100);
    }
    throw new Error(`${provider} is not ready: ${this.log(provider).slice(-1_500)}`);
  }

  async kill(provider: ProviderProcess): Promise<void> {
    const child = this.#children.get(provider);
    if (child) await endChild(child);
  }

  log(provider: ProviderProcess): string {
    return readFileSync(join(this.api.folder, `${provider}.log`), 'utf8');
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => endChild(child)));
    await this.client.close();
    await this.api.stop();
  }

  #launch(name: string, [command = '', ...args]: readonly string[], env: Readonly<Record<string, string>>): ChildProcess {
    const log = openSync(join(this.api.folder, `${name}.log`), 'a');
    const child = spawn(command, args, {
      cwd: this.api.folder,
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    closeSync(log);
    this.#children.set(name, child);
    return child;
  }

  #portsOf(provider: ProviderProcess): Ports {
    const ports = this.#ports.get(provider);
    if (!ports) throw new Error(`${provider} has no ports`);
    return ports;
  }

  async #choosePorts(): Promise<void> {
    const { net } = createNodeHost();
    const taken = new Set<number>();
    const next = async (): Promise<number> => {
      const port = await net.freePort(taken);
      taken.add(port);
      return port;
    };
    for (const provider of PROVIDER_PROCESSES) this.#ports.set(provider, { webhook: await next(), health: await next() });
  }

  /** Where the manifests name a Service, the process itself. */
  #byUrl(provider: ProviderProcess, object: KubeObject): KubeObject {
    const { webhook } = this.#portsOf(provider);
    const caBundle = Buffer.from(this.api.ca).toString('base64');
    return JSON.parse(
      JSON.stringify(object, (key, value: unknown) => {
        const path = key === 'clientConfig' ? (value as { service?: { path?: string } }).service?.path : undefined;
        return path === undefined ? value : { url: `https://127.0.0.1:${webhook}${path}`, caBundle };
      }),
    ) as KubeObject;
  }
}

function componentsOf(provider: ProviderProcess): readonly KubeObject[] {
  const text = readFileSync(join(REPOSITORY, 'src', 'capi', 'components', `${provider}.json`), 'utf8');
  return (JSON.parse(text) as { readonly items: readonly KubeObject[] }).items;
}

function answersReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const ask = request({ host: '127.0.0.1', port, path: '/readyz', agent: false, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    ask.once('error', () => resolve(false));
    ask.once('timeout', () => ask.destroy());
    ask.end();
  });
}
