/** What keeps a Cluster that is being deleted. Pure. */
import type { KubeObject } from '../../kube/types.ts';
import { contractConditions } from '../../kube/readiness-cluster-api.ts';
import { causeAt } from './blocker.ts';
import { machinesOf } from './family.ts';
import type { Finding, Inquiry } from './inquiry.ts';

const isDeleting = (object: KubeObject | undefined): object is KubeObject => object?.metadata.deletionTimestamp !== undefined;

/** The deepest objects that hold a finalizer: of a machine its infrastructure, of a Cluster its machines. */
export function deletionCauses({ family }: Inquiry): readonly Finding[] {
  if (!isDeleting(family.cluster)) return [];
  const machines = machinesOf(family).flatMap(({ machine, bootstrap, infrastructure }) => {
    const below = [bootstrap?.object, infrastructure?.object].filter(isDeleting);
    return below.length > 0 ? below : [machine].filter(isDeleting);
  });
  const layers = [
    machines,
    family.workers.map(({ pool }) => pool).filter(isDeleting),
    [family.controlPlane?.object].filter(isDeleting),
    [family.infrastructure?.object].filter(isDeleting),
    [family.cluster],
  ];
  const deepest = layers.find((layer) => layer.length > 0) ?? [];
  return deepest.map((object) => causeAt(object, wordsFor(object)));
}

function wordsFor(object: KubeObject): { readonly reason: string; readonly message: string; readonly since: string | undefined } {
  const deleting = contractConditions(object).get('Deleting');
  const finalizers = object.metadata.finalizers ?? [];
  const held = finalizers.length === 0 ? '' : `waits for ${finalizers.join(', ')}`;
  const message = [deleting?.message ?? '', held].filter((text) => text !== '').join('; ');
  return { reason: 'Terminating', message: message === '' ? 'is being deleted' : message, since: object.metadata.deletionTimestamp };
}
