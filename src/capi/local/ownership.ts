/**
 * cluster-api.json: what makes a folder a control plane of infrastructure `local`, and which object owns its processes. Several
 * copies of one LocalControlPlane may exist after a pivot; the one that adopted last is the owner, and only it may end anything.
 */
import { join } from 'node:path';
import { SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';

export interface Ownership {
  readonly format: 1;
  readonly clusterId: string;
  /** Of the Cluster. */
  readonly name: string;
  readonly namespace: string;
  /** uid of the LocalControlPlane. */
  readonly owner: string;
  /** How often another object took over. The object that did carries the same number, and so does every later copy of it. */
  readonly adoptions?: number;
  /** Kubernetes version that was last asked for and started. */
  readonly version: string;
  /** Its end has begun: nothing is started in it any more. */
  readonly removing?: true;
}

const ownershipFile = (dir: string): string => join(dir, 'cluster-api.json');

/** Undefined: the folder is not one of ours. @throws SLW-CAP-306 when it is damaged */
export async function readOwnership(host: Host, dir: string): Promise<Ownership | undefined> {
  const path = ownershipFile(dir);
  const text = await host.files.readText(path);
  if (text === undefined) return undefined;
  const ownership = parseOwnership(text);
  if (!ownership) throw new SlipwayError('SLW-CAP-306', `cannot read ${path}`, { data: { path } });
  return ownership;
}

/** Writes it when it differs. */
export async function writeOwnership(host: Host, dir: string, ownership: Ownership): Promise<void> {
  const wanted = `${JSON.stringify(ownership)}\n`;
  if ((await host.files.readText(ownershipFile(dir))) !== wanted) await host.files.writeAtomic(ownershipFile(dir), wanted);
}

function parseOwnership(text: string): Ownership | undefined {
  try {
    const value = JSON.parse(text) as Partial<Ownership>;
    const texts = [value.name, value.namespace, value.owner, value.version];
    const whole = value.format === 1 && /^[0-9a-f]{20}$/.test(value.clusterId ?? '') && texts.every((field) => typeof field === 'string');
    return whole ? (value as Ownership) : undefined;
  } catch {
    return undefined;
  }
}
