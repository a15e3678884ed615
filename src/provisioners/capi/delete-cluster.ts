/** The end of a Cluster API cluster: its Cluster is deleted where it lives, and what it was made of goes by the controllers there. From records alone. */
import { CLUSTER } from '../../capi/words.ts';
import type { Json } from '../../core/digest.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { UndoContext, UndoHandler, UndoRecord } from '../../engine/step.ts';
import { deleteObjects, type DeleteOptions } from '../../kube/delete.ts';
import { formatRef, type ObjectRef } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { attendanceOf, type Attendant } from './attendance.ts';
import { type Family, familyData, familyFrom, guideOfUndo } from './home.ts';
import { moveOthers, staysBehind } from './move-others.ts';
import { refKey, refsIn } from './recorded-refs.ts';
import { type Reviver, reviveHome } from './revive-home.ts';
import type { Way } from './way.ts';

export const DELETE_CLUSTER = 'capi/delete-cluster';

export interface Deletion {
  readonly cluster: string;
  readonly namespace: string;
  /** The management cluster that has the objects. */
  readonly family: Family;
  readonly way: Way;
}

export function deleteRecord({ cluster, namespace, family, way }: Deletion): UndoRecord {
  return {
    handler: DELETE_CLUSTER,
    title: `delete the cluster ${cluster} with its machines`,
    destroys: cluster,
    data: { cluster, namespace, way: { ...way }, family: familyData(family) },
  };
}

export function deletionFrom(data: Json): Deletion {
  const { cluster, namespace, way, family } = data as unknown as Omit<Deletion, 'family'> & { readonly family: Json };
  return { cluster, namespace, way, family: familyFrom(family) };
}

export function deleteClusterHandler(context: ProvisionerContext): UndoHandler {
  return {
    plan: ({ record }) => {
      const { cluster, family } = deletionFrom(record.intent.undo?.data ?? null);
      const by = cluster === family.cluster ? family.bootstrap.name : family.cluster;
      return Promise.resolve({
        kind: 'delete',
        summary: `delete ${cluster} with its machines, by the controllers of ${by}`,
        destroys: [cluster],
      });
    },
    undo: (undo) => deleteCluster(deletionFrom(undo.record.intent.undo?.data ?? null), undo, context),
  };
}

async function deleteCluster(deletion: Deletion, undo: UndoContext, context: ProvisionerContext): Promise<void> {
  const { cluster, namespace, family, way } = deletion;
  const reviver: Reviver = { attendant: undo, guide: guideOfUndo(undo, context) };
  const home = await reviveHome(family, reviver);
  if (home?.isMoving)
    throw new SlipwayError('SLW-CAP-401', `a pivot of ${family.cluster} is under way, so that ${cluster} cannot be deleted now`);
  if (home && (await home.client.serves(CLUSTER, undo.signal))) {
    if (cluster === family.cluster && !staysBehind(home.place))
      await moveOthers({ family, place: home.place, client: home.client }, { attendant: undo, context });
    const root: ObjectRef = { ...CLUSTER, namespace, name: cluster };
    const rest = refsIn(undo.record.outputs['objects']).filter((ref) => ref.kind !== 'Namespace' && refKey(ref) !== refKey(root));
    await attendanceOf(home.place, context).during(undo, home.client, async () => {
      await deleteObjects(home.client, [root], limits(undo));
      await deleteObjects(home.client, rest, limits(undo));
    });
  }
  if (way.kind === 'file') await undo.host.files.remove(way.path);
}

function limits({ host, signal, timeoutMs, report }: Attendant): DeleteOptions {
  return {
    ...{ host, signal, timeoutMs },
    onBlocked: ([first]) =>
      first && report({ type: 'waiting', object: formatRef(first.ref), reason: 'Terminating', message: first.reason, boundMs: timeoutMs }),
  };
}
