/** Clusters that a management cluster keeps beside itself: they hold its end up. Moving them to another one is move-others.ts. */
import { CLUSTER } from '../../capi/words.ts';
import { SlipwayError } from '../../core/errors.ts';
import { formatRef, type KubeClient, type ObjectRef, refOf } from '../../kube/types.ts';
import type { Family } from './home.ts';

/** All Clusters on it but itself, also those that are on their way out. */
export async function dependantsOf({ cluster, namespace }: Family, client: KubeClient, signal: AbortSignal): Promise<readonly ObjectRef[]> {
  if (!(await client.serves(CLUSTER, signal))) return [];
  const { items } = await client.list(CLUSTER, { signal });
  return items.map((item) => refOf({ ...item, ...CLUSTER })).filter((ref) => ref.name !== cluster || ref.namespace !== namespace);
}

export function refuseDependants(family: Family, others: readonly ObjectRef[]): SlipwayError {
  const names = others.map(formatRef);
  return new SlipwayError('SLW-CAP-405', `${family.cluster} still manages ${shortList(names)}`, {
    object: `Cluster/${family.cluster}`,
    data: { clusters: names },
  });
}

const SHOWN = 5;

export function shortList(names: readonly string[]): string {
  return names.length > SHOWN ? `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} more` : names.join(', ');
}
