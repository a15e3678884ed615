/** What `up` says last, on stdout. */
import type { RunOutcome } from '../engine/run.ts';
import type { Workspace } from './workspace.ts';
import { knownClusters } from './clusters.ts';

export async function upSummary(workspace: Workspace, outcome: RunOutcome): Promise<readonly string[]> {
  if (outcome.status !== 'done') return [];
  const lines: string[] = [];
  for (const { view, provisioner } of knownClusters(workspace)) {
    const source = await provisioner.kubeconfig(view, workspace.context);
    if (source?.path !== undefined) lines.push(`cluster ${view.name} is up; use it with: export KUBECONFIG=${source.path}`);
  }
  return lines;
}
