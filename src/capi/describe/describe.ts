/**
 * Cluster API clusters as people ask for them: a tree of what there is, and why something is not available. Owns reading and
 * judging; changes nothing. Must not know a project or how a cluster came to be.
 */
import { SlipwayError } from '../../core/errors.ts';
import type { KubeClient, ObjectRef } from '../../kube/types.ts';

export type NodeState = 'ready' | 'progressing' | 'failed' | 'stopped' | 'unknown' | 'suspended';

/** Same shape as the status tree of a project. */
export interface ClusterNode {
  readonly kind: string;
  readonly name: string;
  readonly state: NodeState;
  readonly reason?: string;
  readonly message?: string;
  readonly facts?: Readonly<Record<string, string>>;
  /** In this state since; only where `nowMs` was given and the cluster tells. */
  readonly sinceMs?: number;
  readonly children: readonly ClusterNode[];
}

/** What a person should look at: the deepest object that blocks, and why. */
export interface ClusterCause {
  readonly ref: ObjectRef;
  /** `Kind/namespace/name` of `ref`. */
  readonly object: string;
  /** A machine's word, CamelCase. */
  readonly reason: string;
  readonly message: string;
  /** Time stamp of the condition or event it was read from, ISO 8601. */
  readonly since?: string;
}

export interface ClusterDescription {
  readonly namespace: string;
  readonly name: string;
  /** Available, and nothing about it is wrong or under way. */
  readonly state: NodeState;
  readonly available: boolean;
  readonly paused: boolean;
  /** The true one first; empty when nothing is wrong. */
  readonly causes: readonly ClusterCause[];
  readonly tree: ClusterNode;
}

export interface DescribeOptions {
  readonly signal: AbortSignal;
  /** Default: all. */
  readonly namespaces?: readonly string[];
  /** Wall clock, for `sinceMs`. */
  readonly nowMs?: number;
}

/** All Clusters of a management cluster, by namespace and name; empty where Cluster API is not served. Reads only. */
export async function describeClusters(_client: KubeClient, options: DescribeOptions): Promise<readonly ClusterDescription[]> {
  options.signal.throwIfAborted();
  throw new SlipwayError('SLW-BUG-001', 'describeClusters is not there yet');
}

export interface ClusterRef {
  readonly namespace: string;
  readonly name: string;
}

/** Why a Cluster is not Available, the deepest and truest cause first; empty when it is Available. Reads only; safe to call often. */
export async function explainCluster(_client: KubeClient, _ref: ClusterRef, signal: AbortSignal): Promise<readonly ClusterCause[]> {
  signal.throwIfAborted();
  throw new SlipwayError('SLW-BUG-001', 'explainCluster is not there yet');
}
