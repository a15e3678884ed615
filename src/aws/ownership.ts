/**
 * Whose a thing in the account is, by the tags that controllers in a cluster put on what they make. Sources: kubernetes.io/cluster/NAME, the
 * well-known tag of cloud-provider-aws; elbv2.k8s.aws/cluster of the AWS Load Balancer Controller; cluster.k8s.amazonaws.com/name of the VPC CNI;
 * KubernetesCluster, its name before Kubernetes 1.7, which the EBS CSI driver still sets.
 */

export type Tags = Readonly<Record<string, string>>;

interface ClusterTag {
  readonly key: string;
  readonly value: string;
}

/** Each of them alone is proof. */
export function clusterTags(cluster: string): readonly ClusterTag[] {
  return [
    { key: `kubernetes.io/cluster/${cluster}`, value: 'owned' },
    { key: 'elbv2.k8s.aws/cluster', value: cluster },
    { key: 'cluster.k8s.amazonaws.com/name', value: cluster },
    { key: 'KubernetesCluster', value: cluster },
  ];
}

/** `tag elbv2.k8s.aws/cluster=demo`; undefined when no tag says that a controller of the cluster made it. */
export function proofOf(tags: Tags, cluster: string): string | undefined {
  if (isManagedElsewhere(tags)) return undefined;
  const found = clusterTags(cluster).find(({ key, value }) => tags[key] === value);
  return found && `tag ${found.key}=${found.value}`;
}

/** OpenTofu destroys what it made itself, and EKS what belongs to its control plane and node groups. */
function isManagedElsewhere(tags: Tags): boolean {
  return (
    'slipway.dev/managed-by' in tags ||
    'aws:eks:cluster-name' in tags ||
    'aws:cloudformation:stack-id' in tags ||
    'aws:autoscaling:groupName' in tags
  );
}
