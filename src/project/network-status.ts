/** Networks in the tree of `status`: what is known of each, and its VPN as its hosts report it. */
import { toErrorRecords } from '../core/errors.ts';
import type { StatusNode } from '../core/status-node.ts';
import type { NetworkPart } from '../networks/network.ts';
import type { KnownNetwork } from './networks.ts';
import type { OperationOptions, ProjectStatus } from './operations.ts';
import type { Workspace } from './workspace.ts';

export interface NetworkLook {
  readonly node: StatusNode;
  readonly causes: ProjectStatus['causes'];
}

const LOOK_MS = 10_000;

export function lookAtNetworks(
  networks: readonly KnownNetwork[],
  workspace: Workspace,
  options: OperationOptions,
): Promise<readonly NetworkLook[]> {
  return Promise.all(networks.map((network) => lookAt(network, workspace, options)));
}

async function lookAt({ view, provider }: KnownNetwork, workspace: Workspace, { host, signal }: OperationOptions): Promise<NetworkLook> {
  const identity = { kind: 'Network', name: view.name };
  const isMade = [...workspace.ledger.values()].some(({ subject }) => subject === `Network/${view.name}`);
  if (!isMade) return { node: { ...identity, state: 'stopped', reason: 'NotCreated', message: 'not made yet', children: [] }, causes: [] };
  try {
    const { facts, parts } = await provider.look(view, workspace.context, AbortSignal.any([signal, host.clock.timeout(LOOK_MS)]));
    const children = parts.map(partNode);
    const state = worstOf(children);
    return { node: { ...identity, state, facts: { provider: provider.name, ...facts }, children }, causes: parts.flatMap(causeOf) };
  } catch (thrown) {
    signal.throwIfAborted();
    const [record] = toErrorRecords(thrown);
    const message = record?.message ?? String(thrown);
    return {
      node: { ...identity, state: 'unknown', reason: 'Unreachable', message, children: [] },
      causes: [{ object: `Network/${view.name}`, reason: record?.code ?? 'Unreachable', message }],
    };
  }
}

function partNode({ facts, ...part }: NetworkPart): StatusNode {
  return { ...part, ...(facts && { facts }), children: [] };
}

function causeOf({ kind, name, state, reason = 'Unknown', message = '' }: NetworkPart): ProjectStatus['causes'] {
  return state === 'ready' ? [] : [{ object: `${kind}/${name}`, reason, message }];
}

const ORDER: readonly StatusNode['state'][] = ['ready', 'progressing', 'unknown', 'stopped', 'failed'];

const worstOf = (nodes: readonly StatusNode[]): StatusNode['state'] =>
  ORDER[Math.max(0, ...nodes.map(({ state }) => ORDER.indexOf(state)))] ?? 'unknown';
