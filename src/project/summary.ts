/** What `up` says last, on stdout: which revision every source has brought, and how to reach the clusters. */
import { relative } from 'node:path';
import type { RunOutcome } from '../engine/run.ts';
import { ownerOf, isOurs } from '../kube/ownership.ts';
import { FLUX_NAMESPACE, KUSTOMIZE_API } from '../flux/source.ts';
import { textAt } from '../kube/readiness-state.ts';
import type { KubeClient, KubeObject } from '../kube/types.ts';
import type { ClusterView, KubeconfigSource } from '../provisioners/provisioner.ts';
import type { NetworkView } from '../networks/network.ts';
import { knownClusters } from './clusters.ts';
import { knownNetworks } from './networks.ts';
import type { Workspace } from './workspace.ts';

export async function upSummary(workspace: Workspace, outcome: RunOutcome, signal: AbortSignal): Promise<readonly string[]> {
  if (outcome.status !== 'done') return [];
  const lines: string[] = knownNetworks(workspace).flatMap(({ view }) => networkLines(view));
  for (const { view, provisioner } of knownClusters(workspace)) {
    const source = await provisioner.kubeconfig(view, workspace.context);
    if (!source) continue;
    if (view.cluster?.gitops)
      lines.push(
        ...(await revisionLines(
          await workspace.context.connect((await provisioner.way?.(view, workspace.context, signal)) ?? source),
          ownerOf(workspace.context.stateId, view.name),
          {
            cluster: view.name,
            signal,
          },
        )),
      );
    lines.push(...wayLines(workspace, view, source));
  }
  return lines;
}

/** What people need who describe clusters elsewhere, or connect. */
function networkLines({ name, network, records }: NetworkView): readonly string[] {
  if (!network) return [];
  const outputs = Object.assign(
    {},
    ...[...records.values()].filter(({ subject }) => subject === network.subject).map((record) => record.outputs),
  ) as Record<string, unknown>;
  const text = (key: string): string => [outputs[key] ?? []].flat().join(', ');
  const vpn =
    text('vpnAddresses') === ''
      ? []
      : [`${name}: VPN at ${text('vpnAddresses')}; a profile for it: slipway vpn client add NAME --network ${name}`];
  return [
    `${name}: ${text('vpcId')}, private subnets ${text('privateSubnetIds') || 'none'}, public subnets ${text('publicSubnetIds') || 'none'}`,
    ...vpn,
  ];
}

/** Where a file of ours leads there it is named; a Secret on a management cluster is printed on demand. */
function wayLines(workspace: Workspace, { name, cluster }: ClusterView, { path }: KubeconfigSource): readonly string[] {
  if (cluster?.provisioner === 'capi') return [`${name}: its kubeconfig is printed by slipway kubeconfig ${name}`];
  return (cluster?.provisioner === 'local' || cluster?.provisioner === 'eks') && path !== undefined
    ? [`${name}: export KUBECONFIG=${shorten(workspace, path)}`]
    : [];
}

async function revisionLines(
  client: KubeClient,
  owner: string,
  { cluster, signal }: { readonly cluster: string; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { items } = await client.list({ apiVersion: KUSTOMIZE_API, kind: 'Kustomization' }, { namespace: FLUX_NAMESPACE, signal });
  const bySource = new Map<string, KubeObject[]>();
  for (const unit of items.filter((item) => isOurs(item, owner))) {
    const name = textAt(unit, 'spec', 'sourceRef', 'name') ?? '';
    bySource.set(name, [...(bySource.get(name) ?? []), unit]);
  }
  return [...bySource].map(([source, units]) => {
    const revisions = [...new Set(units.map((unit) => textAt(unit, 'status', 'lastAppliedRevision') ?? 'nothing yet'))];
    return `${cluster}: applied revision ${revisions.join(', ')} of ${source} (${units.map((unit) => unit.metadata.name).join(', ')})`;
  });
}

function shorten({ context }: Workspace, path: string): string {
  const near = relative(context.host.env.cwd, path);
  return near.startsWith('..') ? path : near;
}
