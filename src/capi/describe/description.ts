/** What is said of clusters made by Cluster API: a tree of what there is, and causes. Plain data. */
import type { StatusNode } from '../../core/status-node.ts';
import type { ObjectRef } from '../../kube/types.ts';

export interface ClusterRef {
  readonly namespace: string;
  readonly name: string;
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
  readonly state: StatusNode['state'];
  readonly available: boolean;
  readonly paused: boolean;
  /** The true one first; empty when nothing is wrong. */
  readonly causes: readonly ClusterCause[];
  readonly tree: StatusNode;
}
