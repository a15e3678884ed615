/** What the copy of an object looks like when it is created: its own content, owners by their new uids, paused, with our marks. Pure. */
import type { KubeObject, OwnerReference } from '../../kube/types.ts';
import { isFields } from './fields.ts';
import type { Inventory } from './inventory.ts';
import { MARKS, RUN_ANNOTATION, SOURCE_UID_ANNOTATION } from './marks.ts';
import type { Ordered } from './order.ts';
import { isClusterKind, pauseAnnotationOf, PAUSE_VALUE, pauseWayOf } from './pausing.ts';

export interface CopyFormOptions {
  readonly inventory: Inventory;
  /** Undefined: without marks. */
  readonly runId: string | undefined;
  /** From uids at the source to uids at the target; an owner without one is left out. */
  readonly uidOf: (sourceUid: string) => string | undefined;
}

/** Without status; every owner of the set that exists already is named. */
export function copyForm(entry: Ordered, options: CopyFormOptions): KubeObject {
  const { object } = entry;
  const { metadata, status: _status, ...rest } = object;
  const { name, namespace, generateName, labels, finalizers } = metadata;
  const owners = mapOwners(entry.owners, options.uidOf);
  const annotations = copyAnnotations(object, options);
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(generateName !== undefined && { generateName }),
      ...(labels && { labels }),
      ...(Object.keys(annotations).length > 0 && { annotations }),
      ...(finalizers && finalizers.length > 0 && { finalizers }),
      ...(owners.length > 0 && { ownerReferences: owners }),
    },
    ...(isClusterKind(object) && isFields(object['spec']) && { spec: { ...object['spec'], paused: true } }),
  };
}

export function mapOwners(owners: readonly OwnerReference[], uidOf: CopyFormOptions['uidOf']): readonly OwnerReference[] {
  return owners.flatMap((owner) => {
    const uid = uidOf(owner.uid);
    return uid === undefined ? [] : [{ ...owner, uid }];
  });
}

function copyAnnotations(object: KubeObject, { inventory, runId }: CopyFormOptions): Record<string, string> {
  const own = Object.entries(object.metadata.annotations ?? {}).filter(([name]) => !MARKS.includes(name));
  const paused = pauseWayOf(object, inventory) === 'annotation' ? { [pauseAnnotationOf(object)]: PAUSE_VALUE } : {};
  const marks = runId === undefined ? {} : { [RUN_ANNOTATION]: runId, [SOURCE_UID_ANNOTATION]: object.metadata.uid ?? '' };
  // A pause that was there before is kept as it was.
  return { ...paused, ...Object.fromEntries(own), ...marks };
}
