import type { CodeTable } from './entry.ts';

/** SLW-EXI-NNN */
export const existingCodes = {
  'SLW-EXI-001': {
    title: 'a path cannot be served to a cluster elsewhere',
    explain:
      'A repository that is a path of this machine is served on its loopback address. Flux on a cluster that runs on other machines cannot fetch from there. Paths work for local clusters, and for existing ones whose API server listens on loopback.',
    fix: 'push the repository to a server that the cluster can reach, and give its https:// or ssh:// URL',
    exit: 65,
    retry: 'no',
  },
  'SLW-EXI-002': {
    title: 'the kubeconfig leads to another cluster than before',
    explain:
      'The first run recorded the uid of namespace kube-system, which tells clusters apart. The kubeconfig now leads to a cluster with another uid: it was re-created, or the kubeconfig was exchanged. Slipway does not mix the two up. Nothing was changed.',
    fix: 'restore the old kubeconfig; or, if the old cluster is gone for good, run slipway down --forget and then slipway up',
    exit: 65,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
