/** A VPN without hosts: a store of files, the real step, and a clock that tests own. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256 } from '../../../src/core/digest.ts';
import type { Change, StepContext } from '../../../src/engine/step.ts';
import type { Generation, Pointer } from '../../../src/vpn/generation.ts';
import type { VpnStore } from '../../../src/vpn/identity-store.ts';
import { CURRENT_KEY, generationKey } from '../../../src/vpn/layout.ts';
import type { ProvidedSoftware } from '../../../src/vpn/software.ts';
import { vpnStep } from '../../../src/vpn/steps.ts';
import type { VpnSettings } from '../../../src/vpn/vpn.ts';
import { createVirtualHost, type VirtualHost } from '../virtual-host.ts';
import { createFolderStore, type FolderStore } from './folder-store.ts';

export interface SmallWorld {
  readonly host: VirtualHost;
  readonly store: FolderStore;
  readonly access: VpnStore;
  settings: VpnSettings;
  provided: ProvidedSoftware;
  readonly findings: string[];
  plan(): Promise<Change>;
  up(): Promise<Change>;
  /** What hosts would take now. */
  given(): Promise<Generation | undefined>;
  software(text: string): ProvidedSoftware;
}

export function createSmallWorld(): SmallWorld {
  const dir = mkdtempSync(join(tmpdir(), 'vpn-small-'));
  const host = createVirtualHost();
  const store = createFolderStore(join(dir, 'bucket'));
  const access: VpnStore = { host, store, signal: new AbortController().signal };
  const findings: string[] = [];
  const context = {
    ...{ host, signal: access.signal, timeoutMs: 1000, record: undefined, outputs: () => undefined },
    report: (report) => void (report.type === 'finding' && findings.push(report.message)),
  } satisfies StepContext;
  const software = (text: string): ProvidedSoftware => {
    const digest = sha256(text);
    writeFileSync(join(dir, digest), text);
    return { files: { [digest]: join(dir, digest) }, software: { agents: { amd64: { name: 'vpn-agent-amd64', digest } }, packages: [] } };
  };
  const world: SmallWorld = {
    ...{ host, store, access, findings, software, settings: SETTINGS, provided: software('agent') },
    plan: async () => step.change(await step.observe(context)),
    up: async () => {
      const observed = await step.observe(context);
      const change = step.change(observed);
      if (change.kind !== 'none') await step.apply({ ...context, observed, change, intent: {} });
      await step.verify?.(context);
      return change;
    },
    given: async () => {
      const read = async <T>(key: string): Promise<T | undefined> => {
        const object = await store.get(key, access.signal);
        return object && (JSON.parse(new TextDecoder().decode(object.body)) as T);
      };
      const pointer = await read<Pointer>(CURRENT_KEY);
      return pointer && read<Generation>(generationKey(pointer.revision, pointer.digest));
    },
  };
  const step = vpnStep({
    ...{ name: 'main', subject: 'Network/main', needs: [] },
    inputs: async () => ({ store, settings: world.settings, provided: world.provided }),
  });
  return world;
}

export const SETTINGS: VpnSettings = {
  ...{ name: 'main', endpoints: ['198.51.100.7'], port: 1194, protocol: 'udp', clientsCidr: '192.168.200.0/24' },
  ...{ routes: ['10.0.0.0/16'], dnsServers: ['10.0.0.2'], sshUsers: [] },
};
