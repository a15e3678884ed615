/** Networks of a project as status and the VPN verbs see them: those of the file and those that only the ledger knows. */
import type { NetworkProvider, NetworkView } from '../networks/network.ts';
import type { Workspace } from './workspace.ts';

export interface KnownNetwork {
  readonly view: NetworkView;
  readonly provider: NetworkProvider;
}

/** In the order of the file; then what the file no longer has. */
export function knownNetworks({ place, ledger, networks }: Workspace): readonly KnownNetwork[] {
  const listed = (place.loaded?.networks ?? []).map((network) => ({ name: network.name, network, records: ledger }));
  const names = new Set(listed.map(({ name }) => name));
  const subjects = new Set([...ledger.values()].map(({ subject }) => subject).filter((subject) => subject.startsWith('Network/')));
  const gone = [...subjects].map((subject) => subject.slice('Network/'.length)).filter((name) => !names.has(name));
  // One provider so far; a second one tells itself by the area of its steps, as provisioners do.
  const provider = networks.get('aws');
  return provider
    ? [...listed, ...gone.map((name) => ({ name, network: undefined, records: ledger }))].map((view) => ({ view, provider }))
    : [];
}
