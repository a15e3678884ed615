import type { CodeTable } from './entry.ts';

/** SLW-CAP-4NN: clusters that Cluster API makes, from bootstrap to their end */
export const capiFlowCodes = {
  'SLW-CAP-401': {
    title: 'no management cluster that answers',
    explain:
      'The definition of a cluster lives on a management cluster: on its bootstrap cluster before the pivot, on itself after it. Neither answers: its processes do not run, or its kubeconfig is not there.',
    fix: 'run `slipway up`, which starts local control planes again; for clusters elsewhere look at why they do not answer',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-CAP-402': {
    title: 'a cluster that does not become as defined',
    explain:
      'The bound of the wait was reached before the Cluster was Available with everything its definition says. The message names the deepest object that blocks and its reason; nothing was undone, and the controllers go on.',
    fix: 'look at the object that is named (slipway status shows the whole tree), then run the same command again, with more time by --timeout if need be',
    exit: 1,
    retry: 'no',
  },
  'SLW-CAP-403': {
    title: 'no kubeconfig of a cluster',
    explain:
      'Cluster API keeps the kubeconfig of a cluster in the Secret NAME-kubeconfig beside its Cluster. It is not there, or the folder of its processes is not.',
    fix: 'look at the Cluster with `slipway status`; its control plane must have been up once',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-CAP-404': {
    title: 'an infrastructure that this version only defines',
    explain:
      'Definitions for this infrastructure or bootstrap provider can be made and checked, but this version of Slipway does not bring its controllers, so it could not make the cluster.',
    fix: 'use infrastructure local or dev, or apply the definitions on a management cluster that has these providers',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-CAP-405': {
    title: 'a management cluster that still manages others',
    explain:
      'A management cluster was to be taken down while it keeps clusters that do not belong to this project, or are not part of this run. With it their controllers would go and their machines would be nobody’s. Nothing was undone.',
    fix: 'remove those clusters first, or name the management cluster that takes them over with --to KUBECONFIG',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-CAP-406': {
    title: 'a bootstrap cluster that does not come back',
    explain:
      'A management cluster cannot delete itself while it runs the controllers that do it. Slipway makes its bootstrap cluster anew for that, or uses the existing one that the record names. That one does not answer.',
    fix: 'make the existing bootstrap cluster reachable again, then run the same command again',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-CAP-407': {
    title: 'an add-on that cannot be read',
    explain:
      'The manifests of an add-on are read before anything is applied. The message names the file and what is wrong: not there, no YAML, or a variable that nobody gives a value.',
    fix: 'correct the file, or give the variable a value in capi.addons.NAME.substitute',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-CAP-408': {
    title: 'a pivot whose bootstrap cluster is lost',
    explain:
      'The management cluster does not hold its own definition, and the bootstrap cluster that had it is gone: its folder was removed or its etcd is empty. What was made from the definition may still run.',
    fix: 'run `slipway up` to define the cluster anew, or remove by hand what is left of it',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-CAP-409': {
    title: 'a bootstrap cluster that is still needed',
    explain:
      'A bootstrap cluster was to be removed while it holds the definition of its management cluster: the pivot was rolled back, or begun anew, since the journal took note of it. It was kept.',
    fix: 'run `slipway pivot status` between the two clusters, finish or roll back the pivot, then run the same command again',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-CAP-410': {
    title: 'simulated machines that cannot move',
    explain:
      'Clusters of infrastructure dev were to move to another management cluster by --to while the in-memory cloud of this project goes. Their machines are in the process of that cloud, and end with it: the new home would get objects without machines. Nothing was undone.',
    fix: 'remove those clusters first; nothing real is lost with them',
    exit: 1,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
