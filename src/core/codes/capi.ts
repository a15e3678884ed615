import type { CodeTable } from './entry.ts';

/** SLW-CAP-NNN */
export const capiCodes = {
  'SLW-CAP-001': {
    title: 'providers without the core of Cluster API',
    explain: 'Every provider of Cluster API needs its core controllers and definitions on the same cluster.',
    fix: 'add the provider core',
    exit: 70,
    retry: 'no',
  },
  'SLW-CAP-002': {
    title: 'a newer provider is installed',
    explain:
      'A provider of Cluster API on the cluster is newer than the one this slipway brings. Objects may already be stored in a form that older controllers do not understand, so Slipway never installs an older version over a newer one.',
    fix: 'use the version of slipway that installed it, or a newer one',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-CAP-003': {
    title: 'a provider installed by others',
    explain:
      'The cluster has a provider of Cluster API that Slipway did not install, for instance by clusterctl or the Cluster API operator. Two installers of one provider would undo each other, so nothing was changed.',
    fix: 'let the tool that installed it keep it and leave it out here, or remove it with that tool first',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-CAP-004': {
    title: 'controllers of Cluster API that do not stop or start',
    explain:
      'The Deployment of a provider was scaled, and within the bound its pods did not go away or did not become available. The message names the first one.',
    fix: 'look at the controller with `slipway logs`, then run the same command again',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-CAP-005': {
    title: 'webhooks of a provider are not served',
    explain:
      'The manager of a provider does not run on the local cluster, or its port is not known, so the API server cannot be told where its webhooks are. Without them objects of Cluster API can be neither checked nor converted.',
    fix: 'run `slipway up` again; `slipway logs` shows why the manager does not run',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-CAP-006': {
    title: 'a definition that still has objects',
    explain:
      'Providers are to be taken off a cluster on which objects of Cluster API still stand. Taking the definitions away would delete them, and with their controllers gone nobody would remove the machines behind them.',
    fix: 'delete or move the clusters first, then run the same command again',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-CAP-020': {
    title: 'an in-memory cloud that does not answer',
    explain:
      'The machines of clusters with the infrastructure `dev` live in one process of the project, the in-memory cloud. It does not answer on its control address: it ended, or is just being started. Its machines come back from their objects when it runs again.',
    fix: 'run `slipway up` again; it starts the in-memory cloud when it does not run',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-CAP-007': {
    title: 'a provider that cannot run there',
    explain:
      'The in-memory provider keeps its machines in the memory of one process of this machine, so that they outlive a pivot. There is no image of it: it runs beside local clusters only.',
    fix: 'use infrastructure dev on clusters of the provisioner local only, or another infrastructure',
    exit: 65,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
