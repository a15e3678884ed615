import type { CodeTable } from './entry.ts';

/** SLW-PIV-NNN: 001–009 refused before anything is paused, 010–029 on the way, 030–039 verbs that do not fit the stage, 040–049 the command line. */
export const pivotCodes = {
  'SLW-PIV-001': {
    title: 'pivot refused',
    explain:
      'The pivot looked at both clusters and found a reason not to begin; nothing was paused and nothing of the clusters was moved. The data field `reason` names it: a rollout in flight, a provider that is older or missing on the target, a Secret that would stay behind, an object of somebody else in the way, and so on.',
    fix: 'remove the reason named in the message, then run again; `slipway pivot plan` lists all of them',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-PIV-010': {
    title: 'pause not observed',
    explain:
      'The Clusters were paused, but within the bound a controller of the source did not confirm it on an object (condition Paused with the current generation). It may be down, or overloaded. Nothing was copied.',
    fix: 'make the controller work, then run again; or `slipway pivot rollback` to take the pauses back',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-PIV-011': {
    title: 'move blocked by a controller',
    explain:
      'An object carries the annotation clusterctl.cluster.x-k8s.io/block-move and its controller did not remove it within the bound: it asks for time before the object is moved.',
    fix: 'look at the controller of the object, then run again; or `slipway pivot rollback`',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-PIV-012': {
    title: 'copy differs from its source',
    explain:
      'Before COMMIT every copy is compared with what the admission of the target makes of the source object. One of them differs or is missing: somebody else writes to the target, or a webhook answers differently each time. The source still owns everything.',
    fix: 'run again: it repairs the copy; when it happens again find the writer named in the message, or `slipway pivot rollback`',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-PIV-013': {
    title: 'source changed after the fence',
    explain:
      'An object of the source was written although its owners are paused and its controllers stopped. A copy would miss that change, so the pivot stopped before COMMIT.',
    fix: 'stop who writes (the message names the field manager), then run again; or `slipway pivot rollback`',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-PIV-014': {
    title: 'another process works on this pivot',
    explain:
      'The transaction object was written by someone else since this process read it. Only one process at a time drives a pivot, whichever machine it runs on; this one stopped without a further write.',
    fix: 'wait for the other process, or end it and run again',
    exit: 75,
    retry: 'backoff',
  },
  'SLW-PIV-015': {
    title: 'machines changed after the release',
    explain:
      'After the target took over, a machine or an infrastructure object appeared or vanished, or a Cluster did not become available again. The Clusters on the target were paused again at once so that no more happens.',
    fix: 'look at the object named; then run again to go on, or `slipway pivot rollback` to go back to the source',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-PIV-016': {
    title: 'source woke up',
    explain:
      'A Cluster on the source is no longer paused although the target is about to take over or has done so. Two owners of one machine would fight, so nothing is released.',
    fix: 'pause the Cluster on the source again (spec.paused: true) and find who unpaused it, then run again',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-PIV-017': {
    title: 'copies cannot be removed',
    explain: 'An object that the pivot made or must retire did not go away within the bound, though its finalizers were taken off.',
    fix: 'look at what adds finalizers to the object, then run the same command again',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-PIV-018': {
    title: 'transaction unreadable',
    explain: 'The ConfigMap in which a pivot keeps its state was edited by hand or written by a newer Slipway.',
    fix: 'use the Slipway that began the pivot; as a last resort restore the ConfigMap from the other cluster, which holds the same',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-PIV-030': {
    title: 'nothing to roll back',
    explain:
      'There is no pivot between the two clusters that could be taken back: none was begun, or it was retired and the source is gone.',
    fix: 'to go back after RETIRE run a new pivot in the other direction',
    exit: 1,
    retry: 'no',
  },
  'SLW-PIV-031': {
    title: 'pivot not released yet',
    explain: 'Retiring gives up the source, so it is allowed only after the target has taken over and was watched.',
    fix: 'run `slipway pivot run` to its end first',
    exit: 1,
    retry: 'no',
  },
  'SLW-PIV-032': {
    title: 'rollback in progress',
    explain: 'A rollback of this pivot was begun and not finished. Going forward now would mix two directions.',
    fix: 'finish it with `slipway pivot rollback`, then run again',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-PIV-040': {
    title: 'end of a pivot not found',
    explain:
      '`--from` and `--to` each name a cluster: a kubeconfig, `PATH` or `PATH#CONTEXT`, or, inside a project, the name of one of its clusters. What was given is neither. A word with a slash, a dot or a `#` is always a path.',
    fix: 'give the path of a kubeconfig, with #CONTEXT where it is not the current one, or the name of a cluster of the project',
    exit: 64,
    retry: 'no',
  },
  'SLW-PIV-041': {
    title: 'hook of a pivot failed',
    explain:
      'A command given by `--hook-before` or `--hook-after` ended with another code than 0, or did not end within the bound (`--timeout`), and was ended. The pivot stopped there; a hook that did not finish is run again by the next run, so it must be safe to repeat.',
    fix: 'run the command by hand to see what it lacks, then the same `slipway pivot run` again; or `slipway pivot rollback`',
    exit: 1,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
