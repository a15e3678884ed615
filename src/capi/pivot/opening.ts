/** Finds out where a pivot between two clusters stands, from their transaction objects alone. */
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { PivotOptions } from './options.ts';
import { Session } from './session.ts';
import { isFinished, readTransaction, type StoredTransaction, type Transaction } from './transaction.ts';
import { clusterUid, type Ground, readGround } from './world.ts';

export interface Opened {
  readonly session: Session;
  readonly current: Transaction | undefined;
  readonly stored: Readonly<Record<'source' | 'target', StoredTransaction | undefined>>;
  /** Reads definitions of both sides; fails when the source is gone. */
  readonly ground: () => Promise<Ground>;
  readonly isSourceReachable: boolean;
}

/** @throws SLW-PIV-001 when another pivot with one of the clusters is not finished */
export async function openPivot(options: PivotOptions): Promise<Opened> {
  const { source, target, signal } = options;
  const stored = await readBoth(options);
  const found = await currentOf(options, stored);
  if (found && !isFinished(found)) requireSameSelection(options, found);
  const session = new Session(options);
  if (found) session.adopt(found, { source: stored.source?.object, target: stored.target?.object });
  let ground: Promise<Ground> | undefined;
  return {
    session,
    current: found,
    stored,
    isSourceReachable: stored.isSourceReachable,
    ground: () => (ground ??= readGround(source, target, signal)),
  };
}

/** Who names a selection must name that of the pivot he goes on with; who names none means what was begun. @throws SLW-PIV-001 */
function requireSameSelection({ namespaces, clusters }: PivotOptions, found: Transaction): void {
  if (!namespaces && !clusters) return;
  const text = (list: readonly string[] | undefined): string => list?.toSorted().join(', ') ?? 'all';
  const isSame = text(namespaces) === text(found.namespaces) && text(clusters) === text(found.clusters);
  if (isSame) return;
  const selection = `namespaces: ${text(found.namespaces)}; clusters: ${text(found.clusters)}`;
  throw new SlipwayError('SLW-PIV-001', `a pivot of another selection between these two clusters is not finished (${selection})`, {
    data: { reason: 'another-pivot', runId: found.runId },
    fix: 'finish it first: run, retire, or roll it back, without naming a selection',
  });
}

interface Both {
  readonly source: StoredTransaction | undefined;
  readonly target: StoredTransaction | undefined;
  readonly isSourceReachable: boolean;
}

/** The source may be gone once the target owns everything. */
export async function readBoth({ source, target, signal }: Pick<PivotOptions, 'source' | 'target' | 'signal'>): Promise<Both> {
  const there = await readTransaction(target.client, signal);
  try {
    return { target: there, source: await readTransaction(source.client, signal), isSourceReachable: true };
  } catch (error) {
    const isGone = isSlipwayError(error) && error.exit === 69 && there && there.transaction.stage !== 'preparing';
    if (!isGone) throw error;
    return { target: there, source: undefined, isSourceReachable: false };
  }
}

/** The transaction of these two clusters in this direction; undefined for none, or for one that was rolled back to its end. */
export async function currentOf(
  options: Pick<PivotOptions, 'source' | 'target' | 'signal'>,
  { source, target, isSourceReachable }: Both,
): Promise<Transaction | undefined> {
  const { signal } = options;
  const targetUid = await clusterUid(options.target.client, signal);
  const sourceUid = isSourceReachable ? await clusterUid(options.source.client, signal) : target?.transaction.source.uid;
  const isOfThese = ({ transaction }: StoredTransaction): boolean =>
    transaction.source.uid === sourceUid && transaction.target.uid === targetUid;
  const other = [target, source].find((stored) => stored && !isOfThese(stored) && !isFinished(stored.transaction));
  if (other) throw anotherPivot(other.transaction);
  if (target && isOfThese(target)) return target.transaction;
  const mirror = source && isOfThese(source) ? source.transaction : undefined;
  return mirror && isCrumb(mirror) ? undefined : mirror;
}

/** A rollback takes the record off the target first: what is left on the source is its last crumb. */
function isCrumb({ stage }: Transaction): boolean {
  return stage === 'rolling-back' || stage === 'reversing';
}

function anotherPivot(transaction: Transaction): SlipwayError {
  const { source, target, stage } = transaction;
  return new SlipwayError('SLW-PIV-001', `a pivot from ${source.name} to ${target.name} is not finished (${stage})`, {
    data: { reason: 'another-pivot', runId: transaction.runId },
    fix: 'finish it first: run, retire, or roll it back between those two clusters',
  });
}
