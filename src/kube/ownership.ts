/** The mark on everything Slipway puts onto a cluster; by it leftovers are found even if a reply was lost. */
import { sha256 } from '../core/digest.ts';
import type { KubeObject } from './types.ts';

export const MANAGED_BY = 'app.kubernetes.io/managed-by';
export const OWNER = 'slipway.dev/owner';

/** A label value that names one cluster of one project; equal names in two projects differ. */
export function ownerOf(projectIdentity: string, cluster: string): string {
  return `${cluster.slice(0, 40).replace(/-+$/, '')}-${sha256(`${projectIdentity}/${cluster}`).slice(0, 12)}`;
}

export function ownerLabels(owner: string): Readonly<Record<string, string>> {
  return { [MANAGED_BY]: 'slipway', [OWNER]: owner };
}

export function isOurs(object: KubeObject, owner: string): boolean {
  return object.metadata.labels?.[OWNER] === owner;
}

/** The same object with our mark. */
export function marked(object: KubeObject, owner: string): KubeObject {
  return { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...ownerLabels(owner) } } };
}
