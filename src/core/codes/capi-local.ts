import type { CodeTable } from './entry.ts';

/** SLW-CAP-3NN: the infrastructure `local` */
export const capiLocalCodes = {
  'SLW-CAP-301': {
    title: 'a control plane with the identity of another one',
    explain:
      'A LocalControlPlane carries in spec.clusterID the identity of the processes that belong to it. The folder of that name on this machine holds another identity, or one that was never given to this object: it belongs to another cluster. Nothing was started, adopted or ended.',
    fix: 'give the Cluster another name, take down the cluster that owns the folder, or set spec.clusterID to the identity in its cluster.json when the object really is to adopt it; to drop an object that owns nothing, remove its finalizer',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-CAP-302': {
    title: 'a Kubernetes version that this Slipway does not bring',
    explain:
      'A local control plane runs the Kubernetes that is pinned in the toolchain. The LocalControlPlane asks for another version. What runs was left alone.',
    fix: 'set the version that the message names, or use the slipway that brings the other one',
    exit: 65,
    retry: 'no',
  },
  'SLW-CAP-303': {
    title: 'a local control plane that does not become ready',
    explain:
      'The bound of the wait was reached before every LocalControlPlane was ready or gone. The message names one and what it waits for: its Cluster (the core controllers of Cluster API set the owner), or its processes.',
    fix: 'look at the object that is named and at the logs of its components, or give more time with --timeout',
    exit: 1,
    retry: 'no',
  },
  'SLW-CAP-304': {
    title: 'a deleted copy that does not own the processes',
    explain:
      'A LocalControlPlane is being deleted whose processes were last adopted by another object, on another cluster or of an earlier life: after a pivot the copy left behind carries the same identity. Ending the processes would destroy the cluster that the other object keeps, so nothing was ended.',
    fix: 'delete the Cluster where it is managed now; to drop only this left-over copy, pause its Cluster and remove the finalizer of the copy',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-CAP-305': {
    title: 'a management cluster that would end itself',
    explain:
      'A LocalControlPlane is being deleted on the very API server that it stands for. Ending that server would leave the object, and everything else it keeps, unfinished. Nothing was ended.',
    fix: 'run `slipway down`, which moves the objects to a temporary cluster first',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-CAP-306': {
    title: 'unreadable ownership of a local control plane',
    explain:
      'The file cluster-api.json in the folder of a local control plane says which object owns its processes. It is damaged or comes from a newer version. It is written atomically, so it was changed from outside; guessing could end a cluster, therefore nothing is done.',
    fix: 'restore the file, or use the version of slipway that wrote it',
    exit: 1,
    retry: 'no',
  },
  'SLW-CAP-307': {
    title: 'a local control plane without a local infrastructure',
    explain:
      'The Cluster of a LocalControlPlane refers to infrastructure of another provider. Without machines only a LocalCluster can say where its API server is, so nothing was started.',
    fix: 'let spec.infrastructureRef of the Cluster name a LocalCluster',
    exit: 65,
    retry: 'no',
  },
  'SLW-CAP-308': {
    title: 'a kubeconfig Secret of somebody else',
    explain:
      'The Secret in which Cluster API expects the kubeconfig or the certificate authority of a cluster exists with another type than Cluster API uses. The type of a Secret cannot be changed, and it may be in use, so it was left alone.',
    fix: 'rename or delete the Secret that the message names',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-CAP-309': {
    title: 'a local control plane whose folder is gone',
    explain:
      'The objects say that the control plane has already served, but its folder is not on this machine: it was removed by hand, or the cluster was made on another machine or with another state folder. A new, empty cluster in its place would look like the old one and hold nothing, so nothing was started.',
    fix: 'run Slipway where the folder is, restore it, or delete the Cluster and make it anew',
    exit: 75,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
