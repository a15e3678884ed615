/** A transaction with an earlier management cluster of that name, which a `down` had deleted before it was killed: it binds nobody any more. */
import { readTransaction, type StoredTransaction, TRANSACTION_REF } from '../../capi/pivot/transaction.ts';
import { clusterUid } from '../../capi/pivot/world.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { Family } from './home.ts';

interface Other {
  readonly management: KubeClient;
  readonly signal: AbortSignal;
}

/** On the bootstrap cluster; undefined when there is none, or when it is about clusters that are still there. */
export async function findObsolete(
  family: Family,
  bootstrap: KubeClient,
  { management, signal }: Other,
): Promise<StoredTransaction | undefined> {
  const stored = await readTransaction(bootstrap, signal);
  if (!stored) return undefined;
  const { source, target, stage } = stored.transaction;
  const [own, other] = await Promise.all([clusterUid(bootstrap, signal), clusterUid(management, signal)]);
  const isObsolete = stage === 'released' && target.uid === own && source.name === family.management.name && source.uid !== other;
  return isObsolete ? stored : undefined;
}

export async function forgetObsolete(family: Family, bootstrap: KubeClient, other: Other): Promise<void> {
  const found = await findObsolete(family, bootstrap, other);
  const uid = found?.object.metadata.uid;
  if (found) await bootstrap.delete(TRANSACTION_REF, { signal: other.signal, ...(uid !== undefined && { uid }) });
}
