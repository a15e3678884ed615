/**
 * What controllers inside a cluster made in the account, outside of OpenTofu's sight: load balancers with their target groups and
 * firewall rules, volumes with their snapshots, network interfaces. Found by the tags that the controllers set and by where they stand; each thing
 * that is to go comes with its proof, and what has none is left alone.
 */
import { SlipwayError } from '../core/errors.ts';
import type { Aws } from './aws.ts';

export interface LeftoverScope {
  /** Name of the EKS cluster, as the controllers' tags have it. */
  readonly cluster: string;
  /** Things elsewhere are never the cluster's; absent when the VPC is unknown. */
  readonly vpcId?: string;
  /** Ids that OpenTofu or the ledger knows: its own things are its own to destroy. */
  readonly managed: ReadonlySet<string>;
}

export type LeftoverKind =
  | 'load-balancer'
  | 'classic-load-balancer'
  | 'target-group'
  | 'volume'
  | 'snapshot'
  | 'network-interface'
  | 'security-group';

export interface Leftover {
  readonly kind: LeftoverKind;
  /** ARN or id, as the delete call wants it. */
  readonly id: string;
  readonly name: string;
  /** Why it is the cluster's: `tag kubernetes.io/cluster/demo=owned`. */
  readonly proof: string;
}

/** In the order in which they have to go. Reads only. */
export function findLeftovers(aws: Aws, scope: LeftoverScope, signal: AbortSignal): Promise<readonly Leftover[]> {
  return Promise.reject(new SlipwayError('SLW-BUG-001', `not built yet: ${aws.region} ${scope.cluster} ${String(signal.aborted)}`));
}

export interface SweepOptions {
  /** Bound in ms until all are gone. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called before each act and while something is waited for. */
  readonly onProgress?: (message: string) => void;
}

/** Deletes what `findLeftovers` finds until it finds nothing; gives what went. Safe to call again. @throws SLW-AWS-017 */
export function sweepLeftovers(aws: Aws, scope: LeftoverScope, options: SweepOptions): Promise<readonly Leftover[]> {
  return Promise.reject(new SlipwayError('SLW-BUG-001', `not built yet: ${aws.region} ${scope.cluster} ${options.timeoutMs}`));
}
