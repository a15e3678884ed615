/**
 * The transaction object: a ConfigMap in both clusters that holds all a pivot needs to go on. The one on the target is the truth and
 * the arbiter between processes (every write is guarded by its resourceVersion); the one on the source is its mirror, written after it.
 */
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { KubeClient, KubeObject, ObjectRef } from '../../kube/types.ts';
import { SLIPWAY_NAMESPACE } from '../words.ts';
import { fieldAt } from './fields.ts';
import type { PivotPhase, PivotStage } from './options.ts';
import type { PauseWay } from './pausing.ts';

export const TRANSACTION_NAME = 'slipway-pivot';
export const TRANSACTION_REF: ObjectRef = { apiVersion: 'v1', kind: 'ConfigMap', namespace: SLIPWAY_NAMESPACE, name: TRANSACTION_NAME };
const FORMAT = 1;

/** Something at the source that this run paused. */
export interface Pause extends ObjectRef {
  readonly way: PauseWay;
  /** spec.paused as it was; absent where it was not set. */
  readonly before?: boolean;
}

/** A Flux object at the source that this run suspended. */
export interface Suspend extends ObjectRef {
  /** spec.suspend as it was; absent where it was not set. */
  readonly before?: boolean;
}

export interface EndName {
  readonly name: string;
  /** uid of the Namespace kube-system: the identity of the cluster. */
  readonly uid: string;
}

export interface Transaction {
  readonly format: number;
  readonly runId: string;
  /** Grows with every write. */
  readonly revision: number;
  /** The process that wrote last. */
  readonly holder: string;
  readonly stage: Exclude<PivotStage, 'none'>;
  readonly phase: PivotPhase;
  readonly source: EndName;
  readonly target: EndName;
  readonly namespaces?: readonly string[];
  readonly clusters?: readonly string[];
  readonly disposableSource: boolean;
  readonly planDigest?: string;
  readonly pauses: readonly Pause[];
  readonly suspends: readonly Suspend[];
  /** Names of hooks that were begun, in order. */
  readonly hooksBegun: readonly string[];
  readonly hooksDone: readonly string[];
  /** Namespaces that this run made on the target. */
  readonly madeNamespaces: readonly string[];
  /** Controllers of the source were asked to stop. */
  readonly controllersStopped: boolean;
  /** Controllers of the target, and of a source that ends, were asked to hold still. */
  readonly held?: boolean;
  /** Digest over uid and resourceVersion of all that goes, after the fence. */
  readonly snapshot?: string;
  /** Short uids of the copies, from the moment on when their marks are taken off. */
  readonly sealed?: readonly string[];
  /** `NAMESPACE/NAME` of the Clusters that move, and of those that were Available. */
  readonly moved: readonly string[];
  readonly available: readonly string[];
  /** A reverse pivot has given everything back to the source. */
  readonly reversed?: boolean;
}

/** 22 characters instead of 36: a ConfigMap holds at most 1 MiB. */
export function shortUid(uid: string): string {
  return Buffer.from(uid.replaceAll('-', ''), 'hex').toString('base64url') || uid;
}

export interface StoredTransaction {
  readonly transaction: Transaction;
  readonly object: KubeObject;
}

/** Undefined when there is none. @throws SLW-PIV-018 */
export async function readTransaction(client: KubeClient, signal: AbortSignal): Promise<StoredTransaction | undefined> {
  const object = await client.get(TRANSACTION_REF, signal);
  if (!object) return undefined;
  const text = fieldAt(object, 'data', 'transaction');
  try {
    const transaction = JSON.parse(String(text)) as Transaction;
    if (transaction.format === FORMAT && typeof transaction.runId === 'string') return { transaction, object };
  } catch {
    // Falls through to the one error for all that is not ours.
  }
  throw new SlipwayError(
    'SLW-PIV-018',
    `the ConfigMap ${SLIPWAY_NAMESPACE}/${TRANSACTION_NAME} on ${client.server} holds no transaction of this version`,
  );
}

/** The ConfigMap for a transaction; stage and phase also stand apart for those who look with kubectl. */
export function transactionObject(transaction: Transaction, end: 'source' | 'target', resourceVersion?: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: TRANSACTION_NAME,
      namespace: SLIPWAY_NAMESPACE,
      labels: { 'app.kubernetes.io/managed-by': 'slipway' },
      ...(resourceVersion !== undefined && { resourceVersion }),
    },
    data: { role: end, stage: transaction.stage, phase: transaction.phase, transaction: JSON.stringify(transaction) },
  };
}

export function newTransaction(
  about: Pick<Transaction, 'runId' | 'holder' | 'source' | 'target' | 'disposableSource' | 'namespaces' | 'clusters'>,
): Transaction {
  return {
    format: FORMAT,
    revision: 1,
    stage: 'preparing',
    phase: 'preflight',
    pauses: [],
    suspends: [],
    hooksBegun: [],
    hooksDone: [],
    madeNamespaces: [],
    controllersStopped: false,
    moved: [],
    available: [],
    ...about,
  };
}

/** A finished one may be replaced by the next pivot. */
export function isFinished(transaction: Transaction): boolean {
  return transaction.stage === 'retired';
}

/** Whether an error says that an object was there already, or was written since. */
export function isConflict(error: unknown): boolean {
  return isSlipwayError(error) && error.code === 'SLW-KUB-008';
}
