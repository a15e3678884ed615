/** The VPN of a network of the project: its clients and its state, from the store of its identity alone. */
import { SlipwayError } from '../core/errors.ts';
import type { NetworkProvider, NetworkView } from '../networks/network.ts';
import { addClient, type AddedClient, type ClientEntry, listClients, removeClient } from '../vpn/clients.ts';
import type { VpnStore } from '../vpn/identity-store.ts';
import { readVpnStatus, type VpnStatus } from '../vpn/status.ts';
import { knownNetworks } from './networks.ts';
import type { OperationOptions } from './operations.ts';
import { findProjectOrState, withReadable, type Workspace } from './workspace.ts';

export interface VpnOptions extends OperationOptions {
  /** May be left out when just one network of the project has a VPN. */
  readonly network?: string;
}

export interface AddClientOptions extends VpnOptions {
  readonly name: string;
  readonly lifeMs?: number;
  readonly renew: boolean;
}

/** @throws SLW-STA-016 no such network, SLW-VPN-… */
export function addVpnClient(options: AddClientOptions): Promise<AddedClient> {
  const { name, lifeMs, renew } = options;
  return withStore(options, (store) => addClient(store, { name, renew, ...(lifeMs !== undefined && { lifeMs }) }));
}

export function listVpnClients(options: VpnOptions): Promise<readonly ClientEntry[]> {
  return withStore(options, listClients);
}

export function revokeVpnClient(options: VpnOptions & { readonly name: string }): Promise<{ readonly wasRevoked: boolean }> {
  return withStore(options, (store) => removeClient(store, options.name));
}

export function vpnStatus(options: VpnOptions): Promise<VpnStatus> {
  return withStore(options, readVpnStatus);
}

async function withStore<T>(options: VpnOptions, act: (store: VpnStore) => Promise<T>): Promise<T> {
  const place = await findProjectOrState(options);
  return withReadable(place, options, async (workspace) => {
    const { host, signal } = options;
    const { view, provider } = chooseNetwork(workspace, options.network);
    const store = await provider.vpnStore(view, workspace.context, signal);
    if (!store)
      throw new SlipwayError('SLW-VPN-001', `network ${view.name} has no VPN, or it is not made yet`, { object: `Network/${view.name}` });
    return act({ host, store, signal });
  });
}

function chooseNetwork(workspace: Workspace, name: string | undefined): { readonly view: NetworkView; readonly provider: NetworkProvider } {
  const known = knownNetworks(workspace);
  const names = known.map(({ view }) => view.name);
  const withVpn = known.filter(({ view }) => view.network === undefined || view.network.vpn !== undefined);
  const found = name === undefined ? (withVpn.length === 1 ? withVpn[0] : undefined) : known.find(({ view }) => view.name === name);
  if (found) return found;
  const message =
    name === undefined
      ? `project ${workspace.place.name} has ${withVpn.length} networks with a VPN and none was named`
      : `project ${workspace.place.name} has no network ${name}`;
  throw new SlipwayError('SLW-STA-016', message, {
    fix: names.length > 0 ? `name one of ${names.join(', ')} with --network` : 'add a Network to the project',
  });
}
