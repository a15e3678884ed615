/** The example with a management cluster, and the in-memory cloud of its simulated machines as the oracle: what it never saw did not happen. */
import { join } from 'node:path';
import { type CloudEvent, readCloud } from '../../src/capi/in-memory/oracle.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { createSandbox, type Sandbox, succeed } from './slipway.ts';

export const MANAGEMENT_PROJECT = 'management';
/** The machine is slow and shared: each wait may take this long. */
export const UP: readonly string[] = ['up', '--yes', '--timeout', '6m'];
export const DOWN: readonly string[] = ['down', '--confirm', MANAGEMENT_PROJECT, '--timeout', '6m'];

export const createManagementSandbox = (): Sandbox => createSandbox({ example: 'management' });

const stateDir = ({ project }: Sandbox): string => join(project, '.slipway', MANAGEMENT_PROJECT);

/** All that ever happened to machines, in order. @throws when no cloud runs */
export async function cloudEvents(sandbox: Sandbox): Promise<readonly CloudEvent[]> {
  const cloud = await readCloud(createNodeHost(), join(stateDir(sandbox), 'in-memory-cloud', 'cloud.json'));
  if (!cloud) throw new Error('there is no in-memory cloud');
  return cloud.events();
}

export interface MachineCount {
  readonly created: number;
  readonly deleted: number;
}

export async function countMachines(sandbox: Sandbox): Promise<MachineCount> {
  const events = await cloudEvents(sandbox);
  const count = (type: CloudEvent['type']): number => events.filter((event) => event.type === type).length;
  return { created: count('machine.created'), deleted: count('machine.deleted') };
}

/** Exit code of `plan --detailed-exitcode`, and what it said. */
export async function planned(sandbox: Sandbox): Promise<{ readonly code: number | null; readonly text: string }> {
  const { code, stdout, stderr } = await sandbox.run(['plan', '--detailed-exitcode']);
  return { code, text: `${stdout}${stderr}` };
}

export async function statusLine(sandbox: Sandbox): Promise<string> {
  const { stdout } = await succeed(sandbox, ['status']);
  return stdout.split('\n')[0] ?? '';
}
