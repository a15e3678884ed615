/** What a leftover of a cluster is, and where it is looked for. */

export interface LeftoverScope {
  /** Name of the EKS cluster, as the controllers' tags have it. */
  readonly cluster: string;
  /** Things elsewhere are never the cluster's; absent when the VPC is unknown. */
  readonly vpcId?: string;
  /** Ids, names or ARNs that are not left over: what OpenTofu made, volumes that are to be kept. */
  readonly managed: ReadonlySet<string>;
}

export type LeftoverKind =
  | 'load-balancer'
  | 'classic-load-balancer'
  | 'target-group'
  | 'instance'
  | 'network-interface'
  | 'volume'
  | 'snapshot'
  | 'security-group';

export interface Leftover {
  readonly kind: LeftoverKind;
  /** ARN, id or name, as the delete call wants it. */
  readonly id: string;
  readonly name: string;
  /** Why it is the cluster's: `tag kubernetes.io/cluster/demo=owned`. */
  readonly proof: string;
}
