/** How far a pivot between a bootstrap and its management cluster is, in whichever direction, from the transactions in both. */
import type { PivotStage } from '../../capi/pivot/options.ts';
import { readTransaction, type StoredTransaction, type Transaction } from '../../capi/pivot/transaction.ts';
import { clusterUid } from '../../capi/pivot/world.ts';
import type { KubeClient } from '../../kube/types.ts';

export interface Standing {
  /** Towards the management cluster, or back to the bootstrap cluster; undefined where nothing was ever moved, or all was taken back. */
  readonly direction: 'forth' | 'back' | undefined;
  readonly stage: PivotStage;
}

const NOTHING: Standing = { direction: undefined, stage: 'none' };

/** Either end may be away: what the other says counts then. */
export async function readStanding(
  ends: { readonly bootstrap?: KubeClient; readonly management?: KubeClient },
  signal: AbortSignal,
): Promise<Standing> {
  const [bootstrap, management] = await Promise.all([lookAt(ends.bootstrap, signal), lookAt(ends.management, signal)]);
  const between = [management, bootstrap].flatMap((end) =>
    end?.stored && isBetween(end.stored.transaction, { bootstrap, management }) ? [end.stored] : [],
  );
  const open = between.find(({ transaction }) => transaction.stage !== 'retired' && !isCrumb(transaction, { bootstrap, management }));
  const { transaction } = open ?? between.find(({ transaction: { stage } }) => stage === 'retired') ?? {};
  if (!transaction) return NOTHING;
  return { direction: isForth(transaction, { bootstrap, management }) ? 'forth' : 'back', stage: transaction.stage };
}

interface End {
  readonly uid: string;
  readonly stored: StoredTransaction | undefined;
}

interface Ends {
  readonly bootstrap: End | undefined;
  readonly management: End | undefined;
}

async function lookAt(client: KubeClient | undefined, signal: AbortSignal): Promise<End | undefined> {
  if (!client) return undefined;
  const [uid, stored] = await Promise.all([clusterUid(client, signal), readTransaction(client, signal)]);
  return { uid, stored };
}

/** A cluster that is away cannot say who it is. */
function isBetween({ source, target }: Transaction, { bootstrap, management }: Ends): boolean {
  const uids = [source.uid, target.uid];
  return [bootstrap, management].every((end) => end === undefined || uids.includes(end.uid));
}

function isForth({ source, target }: Transaction, { bootstrap, management }: Ends): boolean {
  return management ? target.uid === management.uid : source.uid === bootstrap?.uid;
}

/** A rollback takes the record off the target first; what is left at the source says nothing any more. */
function isCrumb(transaction: Transaction, ends: Ends): boolean {
  const target = isForth(transaction, ends) ? ends.management : ends.bootstrap;
  const isUndoing = transaction.stage === 'rolling-back' || transaction.stage === 'reversing';
  return isUndoing && target !== undefined && target.stored?.transaction.runId !== transaction.runId;
}
