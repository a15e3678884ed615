/** A node of the status tree: project, cluster, process, source, unit, object. */
export interface StatusNode {
  readonly kind: string;
  readonly name: string;
  readonly state: 'ready' | 'progressing' | 'failed' | 'stopped' | 'unknown' | 'suspended';
  /** Machine's word for the cause. */
  readonly reason?: string;
  readonly message?: string;
  /** Short facts for the eye: version, revision, pid, port. */
  readonly facts?: Readonly<Record<string, string>>;
  /** For so long in this state; absent where the cluster does not tell. */
  readonly sinceMs?: number;
  readonly children: readonly StatusNode[];
}
