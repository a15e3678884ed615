/** Commands about networks and clusters in a cloud: the verbs bootstrap and cluster, and the VPN. Loads no command. */
import { buildRouteMap } from '@stricli/core';
import { command, type ParseContext } from './command.ts';
import type { VpnAddFlags } from './commands/vpn/client/add.ts';
import type { VpnFlags } from './commands/vpn/status.ts';
import type { DocumentFlags } from './document-verbs.ts';
import { consentFlags, type FlagSpecs, parseBound, projectFlags, text } from './flags.ts';

const { file: _file, only: _only, ...shared } = projectFlags;

const documentFlags: FlagSpecs<DocumentFlags> = {
  ...shared,
  ...consentFlags,
  config: { kind: 'parsed', parse: text, default: '.', placeholder: 'path', brief: 'The project: a YAML file, or a folder that holds one' },
};

const aliases = { c: 'config', v: 'verbose' } as const;

interface Brief {
  /** `the network` */
  readonly what: string;
  readonly kind: 'bootstrap' | 'cluster';
}

const BOOTSTRAP: Brief = { kind: 'bootstrap', what: 'networks and their VPN' };
const CLUSTER: Brief = { kind: 'cluster', what: 'clusters' };

export const bootstrapRoutes = buildRouteMap<string, ParseContext>({
  docs: { brief: 'The life of networks: what kind Network describes' },
  routes: {
    init: command<DocumentFlags>('bootstrap init', {
      ...{ brief: `Check everything, make the place of the state, show the plan of ${BOOTSTRAP.what}`, aliases, flags: documentFlags },
      load: () => import('./commands/bootstrap/init.ts'),
    }),
    update: command<DocumentFlags>('bootstrap update', {
      ...{ brief: `Make or change the ${BOOTSTRAP.what}`, aliases, flags: documentFlags },
      load: () => import('./commands/bootstrap/update.ts'),
    }),
    destroy: command<DocumentFlags>('bootstrap destroy', {
      ...{ brief: `Destroy the ${BOOTSTRAP.what}`, aliases, flags: documentFlags },
      load: () => import('./commands/bootstrap/destroy.ts'),
    }),
  },
});

export const clusterRoutes = buildRouteMap<string, ParseContext>({
  docs: { brief: 'The life of clusters: what kind Cluster describes' },
  routes: {
    init: command<DocumentFlags>('cluster init', {
      ...{ brief: `Check everything, make the place of the state, show the plan of ${CLUSTER.what}`, aliases, flags: documentFlags },
      load: () => import('./commands/cluster/init.ts'),
    }),
    update: command<DocumentFlags>('cluster update', {
      ...{ brief: `Make or change the ${CLUSTER.what}`, aliases, flags: documentFlags },
      load: () => import('./commands/cluster/update.ts'),
    }),
    destroy: command<DocumentFlags>('cluster destroy', {
      ...{ brief: `Destroy the ${CLUSTER.what}`, aliases, flags: documentFlags },
      load: () => import('./commands/cluster/destroy.ts'),
    }),
  },
});

const { only: _selection, parallel: _parallel, timeout: _timeout, toolchain: _toolchain, ...looking } = projectFlags;

const vpnFlags: FlagSpecs<VpnFlags> = {
  ...looking,
  network: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'name',
    brief: 'May be left out when the project has one network with a VPN',
  },
};

const vpnAliases = { f: 'file', v: 'verbose' } as const;

export const vpnRoutes = buildRouteMap<string, ParseContext>({
  docs: { brief: 'The VPN of a network: its clients, and how its hosts are' },
  routes: {
    client: buildRouteMap<string, ParseContext>({
      docs: { brief: 'Who may connect' },
      routes: {
        add: command<VpnAddFlags>('vpn client add', {
          brief: 'Make a profile for a person or machine; it holds the only copy of its private key',
          aliases: vpnAliases,
          flags: {
            ...vpnFlags,
            out: {
              kind: 'parsed',
              parse: text,
              optional: true,
              placeholder: 'path',
              brief: 'Where the profile is written, 0600; default: NAME.ovpn here',
            },
            life: {
              kind: 'parsed',
              parse: parseBound,
              optional: true,
              placeholder: 'duration',
              brief: 'How long it may connect; default: what the project says',
            },
            renew: {
              kind: 'boolean',
              default: false,
              withNegated: false,
              brief: 'Make another profile for a client that there is already',
            },
          },
          args: [{ name: 'name', brief: 'Name of the client' }],
          load: () => import('./commands/vpn/client/add.ts'),
        }),
        list: command<VpnFlags>('vpn client list', {
          brief: 'Show all clients: valid, expired, revoked',
          aliases: vpnAliases,
          flags: vpnFlags,
          load: () => import('./commands/vpn/client/list.ts'),
        }),
        revoke: command<VpnFlags>('vpn client revoke', {
          brief: 'Let a client in no more; hosts refuse it within a minute or two',
          aliases: vpnAliases,
          flags: vpnFlags,
          args: [{ name: 'name', brief: 'Name of the client' }],
          load: () => import('./commands/vpn/client/revoke.ts'),
        }),
      },
    }),
    status: command<VpnFlags>('vpn status', {
      brief: 'Show the hosts, what ends when, and what is due',
      aliases: vpnAliases,
      flags: vpnFlags,
      load: () => import('./commands/vpn/status.ts'),
    }),
  },
});
