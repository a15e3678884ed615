import type { CodeTable } from './entry.ts';

/** SLW-LOC-NNN */
export const controlPlaneCodes = {
  'SLW-LOC-001': {
    title: 'a component that ended while starting',
    explain:
      'A process of a local cluster (etcd, kube-apiserver, kube-controller-manager, a controller) ended before it served. The last lines of its log are part of this error; the whole log stands in the logs folder of the cluster. A full disk, a damaged data folder or a binary for another machine are usual causes.',
    fix: 'read the log that is named, then run the same command again',
    exit: 1,
    retry: 'no',
  },
  'SLW-LOC-002': {
    title: 'a port taken between choice and use',
    explain:
      'A port that was free when it was chosen, or that the cluster used before, now belongs to another program on this machine. Slipway chooses another one, remembers it and starts the component again; this error is seen only when that failed several times.',
    fix: 'run the same command again; if it stays, look for a program that takes many ports on 127.0.0.1',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-LOC-003': {
    title: 'a component that does not become ready',
    explain:
      'The process runs but did not answer its readiness check within the bound. A loaded machine needs longer (give --timeout a bigger value); a component that waits for another one says so in its log.',
    fix: 'read the log that is named, or give more time with --timeout',
    exit: 1,
    retry: 'no',
  },
  'SLW-LOC-004': {
    title: 'a process that cannot be ended',
    explain:
      'A process survived SIGKILL for ten seconds. That happens when the kernel holds it in an uninterruptible operation, for instance on a disk or network file system that does not answer. Nothing was forgotten: the entry stays until the process is gone.',
    fix: 'find out what the process waits for (ps -o stat,wchan), then run the same command again',
    exit: 1,
    retry: 'no',
  },
  'SLW-LOC-005': {
    title: 'a copied or moved cluster folder',
    explain:
      'The folder of a local cluster says that it belongs somewhere else: it was copied or moved together with its data. A copy never adopts or ends the processes of the original, so Slipway does not touch it while the original is there or its processes run.',
    fix: 'work in the original folder, take its cluster down there first, or remove the copied .slipway folder',
    exit: 1,
    retry: 'no',
  },
  'SLW-LOC-006': {
    title: 'unreadable data of a local cluster',
    explain:
      'A file in which Slipway remembers a local cluster (cluster.json, or an entry of the process register) is damaged or comes from a newer version. It is written atomically, so it was changed from outside. Guessing could end a foreign process, therefore nothing is done.',
    fix: 'restore the file, or use the version of slipway that wrote it',
    exit: 1,
    retry: 'no',
  },
  'SLW-LOC-007': {
    title: 'pods that cannot run on a local cluster',
    explain:
      'A local cluster has no nodes that run containers. Only pods whose images are all in the table of known controllers become processes; other pods stay Pending. What waits for such a pod waits for ever, so it is reported at once.',
    fix: 'leave the workload out for this cluster, use `local: {nodes: simulated}`, or another provisioner',
    exit: 1,
    retry: 'no',
  },
  'SLW-LOC-008': {
    title: 'a local cluster that was not prepared',
    explain:
      'A step of a local cluster needs its folder, identity and ports, but cluster.json is missing. It was removed from outside while processes or the journal still name the cluster.',
    fix: 'run slipway up again; it prepares the cluster anew',
    exit: 1,
    retry: 'no',
  },
  'SLW-LOC-009': {
    title: 'the processes of a local cluster are registered elsewhere',
    explain:
      'Processes of local clusters stand in one register per user, below XDG_STATE_HOME. The cluster was made with another XDG_STATE_HOME than the present one, where none of its processes would be found: a down would leave them running, an up would start them twice. Nothing was changed.',
    fix: 'set XDG_STATE_HOME as it was when the cluster was made',
    exit: 64,
    retry: 'no',
  },
} as const satisfies CodeTable;
