/** Which ports a pod's process has: kept while they can be, across its own life and that of the pods before it. */
import { dirname } from 'node:path';
import type { Host } from '../../host/host.ts';
import { type ProcessKey, readEntry } from '../process-registry.ts';
import { observeProcess } from '../processes.ts';

export interface PortWish {
  readonly key: ProcessKey;
  /** Where the ports of the workload are remembered beyond the life of one pod. */
  readonly file: string;
  readonly names: readonly string[];
}

/** The ports it has, or that its workload had, unless somebody else took them; durable before they are used. */
export async function settlePodPorts(host: Host, { key, file, names }: PortWish): Promise<Readonly<Record<string, number>>> {
  const before = (await readEntry(host, key))?.ports ?? (await rememberedPorts(host, file));
  if ((await observeProcess(host, key)).state === 'running' && names.every((name) => before[name] !== undefined)) return before;
  const taken = new Set<number>();
  const ports: Record<string, number> = {};
  for (const name of names) {
    const old = before[name];
    const port = old !== undefined && !taken.has(old) && (await host.net.isPortFree(old)) ? old : await host.net.freePort(taken);
    taken.add(port);
    ports[name] = port;
  }
  await host.files.mkdir(dirname(file));
  await host.files.writeAtomic(file, `${JSON.stringify(ports)}\n`);
  return ports;
}

/** Only a preference: a damaged file is as good as none. */
async function rememberedPorts(host: Host, file: string): Promise<Readonly<Record<string, number>>> {
  try {
    const ports = Object.entries(JSON.parse((await host.files.readText(file)) ?? '{}') as Record<string, unknown>);
    return Object.fromEntries(ports.filter((entry): entry is [string, number] => Number.isInteger(entry[1])));
  } catch {
    return {};
  }
}
