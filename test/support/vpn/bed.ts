/** One VPN with everything real but the cloud: networks, hosts that boot, clients, a store, and the services an instance asks. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isSlipwayError } from '../../../src/core/errors.ts';
import { acquireLock, type Lock } from '../../../src/engine/lock.ts';
import type { Step, StepContext } from '../../../src/engine/step.ts';
import { createNodeHost } from '../../../src/host/node.ts';
import { addClient, removeClient } from '../../../src/vpn/clients.ts';
import { renderUserData } from '../../../src/vpn/cloud-init.ts';
import type { VpnStore } from '../../../src/vpn/identity-store.ts';
import { type ProvidedSoftware, provideSoftware } from '../../../src/vpn/software.ts';
import { readVpnStatus, type VpnHostStatus } from '../../../src/vpn/status.ts';
import { vpnStep } from '../../../src/vpn/steps.ts';
import type { VpnSettings } from '../../../src/vpn/vpn.ts';
import { createFolderStore, type FolderStore } from './folder-store.ts';
import { BUCKET, type InstanceServices, REGION, startInstanceServices } from './instance-services.ts';
import { bootMachine, type Machine, whyNoMachines } from './machine.ts';
import { createNetworks, type HostLink, type Networks, whyNoNetworks } from './networks.ts';
import { fetchFrom, startClient, type VpnClient } from './client.ts';

/** Why the bed cannot be made here, or undefined. */
export const whyNoBed = (): string | undefined => whyNoNetworks() ?? whyNoMachines();

export interface VpnBed {
  readonly dir: string;
  readonly networks: Networks;
  readonly store: FolderStore;
  readonly access: VpnStore;
  readonly services: InstanceServices;
  readonly settings: VpnSettings;
  /** What hosts run; assigned anew, the next `up` brings it. */
  provided: ProvidedSoftware;
  /** What the warnings of `up` were, in order. */
  readonly findings: readonly string[];
  /** As `up` does it; the summary of what it did. */
  up(settings?: Partial<VpnSettings>): Promise<string>;
  /** Boots host `index`, which takes fixed address `index`. */
  boot(index?: number, image?: { readonly without: readonly string[] }): Promise<Machine>;
  add(name: string, options?: { readonly renew?: boolean }): Promise<string>;
  revoke(name: string): Promise<void>;
  connect(client: string, file: string): VpnClient;
  /** What the VPC's server answers to a client; undefined when it is out of reach. */
  fetchInside(client: string): Promise<string | undefined>;
  /** Until a host reports what is asked for. */
  reports(accept: (host: VpnHostStatus) => boolean, boundMs?: number): Promise<VpnHostStatus>;
  /** An agent's cycle now instead of in a minute. */
  cycle(machine: Machine): Promise<void>;
  close(): Promise<void>;
}

export interface BedOptions {
  /** Letters and digits, at most 4. */
  readonly id: string;
  /** 0 to 255, of this suite alone. */
  readonly net: number;
  readonly clients: readonly string[];
  readonly settings?: Partial<VpnSettings>;
}

const PORT = 1194;

/** Beds of two files at once would share what their machines' systemd knows this machine by: its control groups. */
async function takeTurn(): Promise<Lock> {
  const dir = join(tmpdir(), 'slipway-vpn-bed');
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  for (;;)
    try {
      return await acquireLock(createNodeHost(), dir, 'bed');
    } catch (error) {
      if (!isSlipwayError(error) || error.code !== 'SLW-STA-008') throw error;
      await sleep(500);
    }
}

export async function createVpnBed({ id, net, clients, settings: wanted }: BedOptions): Promise<VpnBed> {
  const turn = await takeTurn();
  const dir = mkdtempSync(join(tmpdir(), `vpn-bed-${id}-`));
  const host = createNodeHost();
  const signal = new AbortController().signal;
  const store = createFolderStore(join(dir, 'bucket'));
  const access: VpnStore = { host, store, signal };
  const networks = createNetworks(id, net);
  for (const name of clients) networks.addClient(name);
  const inside = spawn('ip', ['netns', 'exec', networks.namespace('vpc'), '/usr/bin/python3', '-m', 'http.server', '8080'], {
    stdio: 'ignore',
    cwd: store.dir,
  });
  const links = new Map<string, HostLink>();
  const services = await startInstanceServices({
    dir: store.dir,
    address: networks.here,
    instanceOf: (address) => `i-${[...links.entries()].find(([, link]) => address.endsWith(link.address))?.[0] ?? 'unknown'}`,
    associate: (allocation, instance) => {
      const link = links.get(instance.slice(2));
      if (link) networks.associate(allocation, link.address);
    },
  });
  let provided = await provideSoftware(host, {
    architectures: [process.arch === 'x64' ? 'amd64' : 'arm64'],
    packages: [],
    signal,
    report: () => {},
  });
  let settings: VpnSettings = {
    ...{ name: 'main', endpoints: [networks.fixed['eipalloc-0'] ?? ''], port: PORT, protocol: 'udp', clientsCidr: '10.250.0.0/24' },
    ...{ routes: [networks.vpcCidr], dnsServers: ['10.99.0.2'], sshUsers: [], ...wanted },
  };
  const findings: string[] = [];
  const machines: Machine[] = [];
  const running: VpnClient[] = [];
  let instances = 0;
  return {
    ...{ dir, networks, store, access, services, findings },
    get provided() {
      return provided;
    },
    set provided(next) {
      provided = next;
    },
    get settings() {
      return settings;
    },
    up: async (changes) => {
      settings = { ...settings, ...changes };
      const step = vpnStep({ name: 'main', subject: 'Network/main', needs: [], inputs: async () => ({ store, settings, provided }) });
      return runStep(step, { host, signal, findings });
    },
    boot: async (index = 0, { without } = { without: [] }) => {
      const instance = `${index}${instances++}`;
      const link = networks.addHost(`h${instance}`, instances);
      links.set(instance, link);
      const userData = await renderUserData(host, userDataRequest(services, provided, index));
      const machine = await bootMachine({ dir: join(dir, instance), networkNamespace: link.namespace, userData, without });
      machines.push(machine);
      return machine;
    },
    add: async (name, options) => (await addClient(access, { name, ...options })).file,
    revoke: async (name) => void (await removeClient(access, name)),
    connect: (client, file) => {
      const started = startClient(dir, { namespace: networks.namespace(client), file });
      running.push(started);
      return started;
    },
    fetchInside: (client) => fetchFrom(networks.namespace(client), `http://${networks.inside}:8080/`),
    reports: async (accept, boundMs = 180_000) => {
      for (const end = Date.now() + boundMs; ;) {
        const { hosts } = await readVpnStatus(access);
        const found = hosts.find(accept);
        if (found) return found;
        if (Date.now() > end)
          throw new Error(
            `no host reports that: ${JSON.stringify(hosts)}\n${await machines.at(-1)?.console()}\n${services.log.slice(-20).join('\n')}`,
          );
        await host.clock.sleep(200, signal);
      }
    },
    cycle: async (machine) => {
      try {
        await machine.run('systemctl', 'start', 'slipway-vpn-agent.service');
      } catch (error) {
        throw new Error(await machine.console(), { cause: error });
      }
    },
    close: async () => {
      for (const client of running) await client.stop();
      for (const machine of machines) await machine.destroy().catch(() => {});
      inside.kill('SIGKILL');
      await services.close();
      networks.close();
      rmSync(dir, { recursive: true, force: true });
      await turn.release();
    },
  };
}

function userDataRequest(services: InstanceServices, { software }: ProvidedSoftware, index: number) {
  const endpoints = { s3: services.url, ec2: services.url, imds: services.url };
  return {
    ...{ bucket: BUCKET, region: REGION, prefix: '', host: `main-vpn-${index}`, allocationId: `eipalloc-${index}` },
    agents: software.agents,
    endpoints,
  };
}

/** Observe, change, apply, verify; observed once more, nothing may be left to do. */
async function runStep(
  step: Step,
  { host, signal, findings }: { host: StepContext['host']; signal: AbortSignal; findings: string[] },
): Promise<string> {
  const context: StepContext = {
    ...{ host, signal, timeoutMs: 60_000, record: undefined, outputs: () => undefined },
    report: (report) => void (report.type === 'finding' && findings.push(report.message)),
  };
  const observed = await step.observe(context);
  const change = step.change(observed);
  if (change.kind !== 'none') await step.apply({ ...context, observed, change, intent: {} });
  await step.verify?.(context);
  const left = step.change(await step.observe(context));
  if (left.kind !== 'none') throw new Error(`a second up would ${left.summary}`);
  return change.summary;
}
