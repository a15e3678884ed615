/** The mark on what GitOps puts onto a cluster is the same as everywhere. */
export { isOurs, marked, MANAGED_BY, OWNER, ownerLabels, ownerOf } from '../kube/ownership.ts';
