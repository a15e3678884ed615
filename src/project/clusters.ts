/** Clusters of a project as status, kubeconfig and logs see them: those of the file and those that only the ledger knows. */
import { SlipwayError } from '../core/errors.ts';
import { closest } from '../core/ids.ts';
import type { ClusterView, Provisioner } from '../provisioners/provisioner.ts';
import { provisionerOf, type Workspace } from './workspace.ts';

export interface KnownCluster {
  readonly view: ClusterView;
  readonly provisioner: Provisioner;
}

/** In the order of the file; then what the file no longer has. */
export function knownClusters({ place, ledger, registry }: Workspace): readonly KnownCluster[] {
  const clusters = place.loaded?.clusters ?? [];
  const listed = clusters.map((cluster) => ({
    view: { name: cluster.name, cluster, records: ledger },
    provisioner: provisionerOf(registry, cluster.provisioner),
  }));
  const names = new Set(clusters.map((cluster) => cluster.subject));
  const subjects = new Set(
    [...ledger.values()].map((record) => record.subject).filter((subject) => subject.startsWith('Cluster/') && !names.has(subject)),
  );
  const gone = [...subjects].map((subject) => ({
    view: { name: subject.slice('Cluster/'.length), cluster: undefined, records: ledger },
    provisioner: provisionerOf(registry, provisionerInLedger(ledger, subject)),
  }));
  return [...listed, ...gone];
}

/** Step ids begin with the area; a cluster whose document is gone is known by them alone. */
function provisionerInLedger(ledger: Workspace['ledger'], subject: string): string {
  const areas = new Set([...ledger.values()].filter((record) => record.subject === subject).map(({ step }) => step.split('/')[0]));
  return ['capi', 'eks', 'local'].find((area) => areas.has(area)) ?? 'existing';
}

/** @throws SLW-STA-013 when there is none of that name, or no name and not just one */
export function chooseCluster(workspace: Workspace, name: string | undefined): KnownCluster {
  const clusters = knownClusters(workspace);
  const names = clusters.map(({ view }) => view.name);
  const found = name === undefined && clusters.length === 1 ? clusters[0] : clusters.find(({ view }) => view.name === name);
  if (found) return found;
  if (name === undefined)
    throw new SlipwayError('SLW-STA-013', `project ${workspace.place.name} has ${clusters.length} clusters and none was named`, {
      fix: names.length > 0 ? `name one of ${names.join(', ')}` : 'add a cluster to the project',
    });
  const near = closest(name, names);
  throw new SlipwayError('SLW-STA-013', `project ${workspace.place.name} has no cluster ${name}`, {
    fix: near === undefined ? `its clusters are ${names.join(', ') || 'none'}` : `did you mean ${near}?`,
  });
}
