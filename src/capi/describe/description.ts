/** What is said of clusters made by Cluster API: a tree of what there is, and causes. Plain data. */
import type { ObjectRef } from '../../kube/types.ts';

export interface ClusterRef {
  readonly namespace: string;
  readonly name: string;
}

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
