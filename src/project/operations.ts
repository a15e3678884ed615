/**
 * The contract between the command line (and the library) and the work: one function per verb.
 * Filled in project/<verb>.ts; this file holds the shapes only.
 */
import type { Redactor } from '../core/redaction.ts';
import type { StatusNode } from '../core/status-node.ts';
import type { Emit, RunStatus } from '../engine/events.ts';
import type { PlanData } from '../engine/plan-data.ts';
import type { Host } from '../host/host.ts';

export interface OperationOptions {
  readonly host: Host;
  /** As typed after `-f`: a file or a folder; resolved against cwd. */
  readonly file: string;
  /** `KIND/NAME` selections; empty: everything. */
  readonly only: readonly string[];
  readonly stateDir?: string;
  readonly toolchainDir?: string;
  readonly parallel?: number;
  readonly timeoutMs?: number;
  /** `down --to`: where what a management cluster still manages goes; a kubeconfig, resolved against cwd. */
  readonly newHome?: string;
  readonly signal: AbortSignal;
  /** Aborts at the second Ctrl-C: give up waiting for graceful ends. */
  readonly detach?: AbortSignal;
  readonly redactor: Redactor;
  readonly emit: Emit;
}

/** Asked once before a run acts. `destroys` lists names that must have been typed. */
export interface ConfirmRequest {
  readonly plan: PlanData;
  readonly destroys: readonly string[];
}

export type Confirm = (request: ConfirmRequest) => Promise<boolean>;

export interface UpOptions extends OperationOptions {
  readonly confirm: Confirm;
  /** A file written by `plan --out`: run exactly that or refuse. */
  readonly planFile?: string;
}

export interface DownOptions extends OperationOptions {
  readonly confirm: Confirm;
  readonly prune: boolean;
  readonly forget: boolean;
}

export interface OperationResult {
  readonly status: RunStatus;
  /** Process exit code (design of the exit codes: 0, 1, 69, 75, …). */
  readonly exit: number;
  /** Lines for stdout in plain mode: `applied revision …`, where the kubeconfig is. */
  readonly summary: readonly string[];
}

export interface ProjectStatus {
  readonly project: string;
  readonly state: StatusNode['state'];
  /** The deepest cause first: what a person should look at. */
  readonly causes: readonly { readonly object: string; readonly reason: string; readonly message: string; readonly file?: string }[];
  readonly tree: StatusNode;
}

export interface PlanOptions extends OperationOptions {
  /** Where to write the plan for `up FILE`, mode 0600. */
  readonly out?: string;
}

export interface KubeconfigOptions extends OperationOptions {
  /** Name of the cluster; may be left out when the project has just one. */
  readonly cluster?: string;
}

export interface LogsOptions extends OperationOptions {
  readonly cluster: string;
  /** Without it: all components. */
  readonly component?: string;
  readonly follow: boolean;
  /** Lines from the end. */
  readonly tail: number;
}

export interface LogLine {
  readonly component: string;
  readonly line: string;
}

export interface DoctorFinding {
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** How to mend it; absent when ok. */
  readonly fix?: string;
}

export interface ValidateResult {
  readonly project: string;
  readonly documents: readonly { readonly kind: string; readonly name: string; readonly file: string }[];
}
