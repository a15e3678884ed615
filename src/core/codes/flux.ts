import type { CodeTable } from './entry.ts';

/** SLW-FLX-NNN */
export const fluxCodes = {
  'SLW-FLX-001': {
    title: 'a unit is blocked',
    explain:
      'The GitOps wait ended because a Kustomization or HelmRelease cannot become ready: its controllers tried the commit at the head of the branch and failed, and trying again changed nothing. The error names the deepest object that blocks, with its condition and the file where it is declared if that can be read here. Flux keeps trying; a new commit is picked up by itself.',
    fix: 'correct what the message names, commit (or just save, if the folder is not a repository) and run `slipway up` again',
    exit: 1,
    retry: 'after-user',
  },
  'SLW-FLX-002': {
    title: 'the bound of the GitOps wait was reached',
    explain:
      'Something was still moving when the bound (`--timeout`) was reached. The error names the deepest object that was not ready. Nothing is lost: Flux continues, and `slipway up` waits on.',
    fix: 'run `slipway up` again to wait on, with a larger --timeout if this is expected to take long; `slipway status --watch` shows it happen',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-FLX-003': {
    title: 'blocked only by pods that cannot run here',
    explain:
      'A local cluster without nodes runs the API server and the controllers that Slipway knows; other pods stay Pending for ever. Every unit that is not ready waits for such pods alone, so waiting would not help.',
    fix: 'set `local: {nodes: simulated}` on the cluster to have such pods simulated, or leave workloads out of what this cluster applies',
    exit: 1,
    retry: 'no',
  },
  'SLW-FLX-004': {
    title: 'a source cannot be fetched',
    explain:
      'Flux cannot fetch a repository or artifact: it is unreachable from the cluster, the branch or tag does not exist, or what it holds is not usable.',
    fix: 'read the message; correct the source in gitops.repositories or make it reachable from the cluster, then run `slipway up` again',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-FLX-005': {
    title: 'a source refuses the credentials',
    explain:
      'Flux reached the remote, and the remote refused the credentials of the source: a wrong, expired or missing token, or a key it does not accept.',
    fix: 'correct the credentials of the source, then run `slipway up` again',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-FLX-006': {
    title: 'deploy key not accepted yet',
    explain:
      'Slipway generated an ed25519 key for the repository and keeps its private half in the state folder. The remote does not accept it yet: somebody must add the public half as a read-only deploy key.',
    fix: 'add the public key that the message shows to the repository as a deploy key without write access, then run `slipway up` again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-FLX-007': {
    title: 'a declared object is suspended',
    explain: 'A source or Kustomization of the project was suspended in the cluster, so it can never reach the head of the branch.',
    fix: 'resume it (`flux resume`, or set spec.suspend to false), then run `slipway up` again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-FLX-008': {
    title: 'path of a Kustomization missing',
    explain:
      'The repository has no folder at the path that a Kustomization of the project names. Paths are relative to the top of the repository.',
    fix: 'correct the path, or commit the folder',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-FLX-009': {
    title: 'another Flux is installed',
    explain:
      'The cluster has a Flux that Slipway did not install, and it runs in another namespace, or does not serve what the project needs (source.toolkit.fluxcd.io/v1, kustomize.toolkit.fluxcd.io/v1, helm.toolkit.fluxcd.io/v2). Slipway uses a Flux that is already there in flux-system, but never upgrades or replaces it, and never puts a second one beside it.',
    fix: 'upgrade that Flux by the means it was installed with, or remove it and let Slipway install its own',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-FLX-010': {
    title: 'an object of the same name belongs to somebody else',
    explain:
      'The cluster already has a Flux object or Secret of the name the project uses, and Slipway did not create it. Taking it over could change what another tool relies on.',
    fix: 'choose another name in gitops.repositories, or delete the object if it is a leftover',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-FLX-011': {
    title: 'a chart will not follow edits',
    explain:
      'A HelmRelease takes its chart from a Git repository, but without `reconcileStrategy: Revision`. Flux then builds the chart anew only when the version in Chart.yaml changes: an edit of a template or of its values alone is never applied.',
    fix: 'set spec.chart.spec.reconcileStrategy to Revision in the HelmRelease, or raise the version in Chart.yaml with each edit',
    exit: 1,
    retry: 'no',
  },
  'SLW-FLX-012': {
    title: 'a unit is suspended',
    explain:
      'A Kustomization or HelmRelease that the repository brings is suspended, so the commit at the head of the branch is not applied by it. This may be intended; `up` does not wait for it.',
    fix: 'set spec.suspend to false in the repository (or resume it) to have it applied',
    exit: 1,
    retry: 'no',
  },
  'SLW-FLX-013': {
    title: 'objects of Flux do not go away',
    explain:
      'A Kustomization, HelmRelease or source was deleted and is still there after the bound: its controller does not finish removing what it applied. The message names the oldest one and its finalizers.',
    fix: 'look at the controller with `slipway logs`; without --prune, `down` leaves workloads alone and does not wait for controllers',
    exit: 1,
    retry: 'backoff',
  },
  'SLW-FLX-014': {
    title: 'host key of a source does not match',
    explain:
      'The SSH host key that the remote showed is not among the known hosts of the source. No key is trusted on first use: a different key may mean that somebody sits in between.',
    fix: 'compare the key with the one the host publishes (ssh-keyscan shows what it presents), then correct knownHosts',
    exit: 77,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
