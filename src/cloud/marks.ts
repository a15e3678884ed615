/** The tags by which what we made is found again, whatever became of the state. */
import type { AwsPlace } from '../aws/account.ts';
import { sha256 } from '../core/digest.ts';

/** One document of one state folder. */
export const OWNER_TAG = 'slipway.dev/owner';

export interface MarkedThing {
  readonly project: string;
  /** `Network/main` */
  readonly subject: string;
  /** Identity of the state folder: equal names of two projects differ. */
  readonly stateId: string;
}

export function markTags({ project, subject, stateId }: MarkedThing): Readonly<Record<string, string>> {
  return {
    'slipway.dev/managed-by': 'slipway',
    'slipway.dev/project': project,
    'slipway.dev/document': subject,
    [OWNER_TAG]: ownerTag(stateId, subject),
  };
}

const ownerTag = (stateId: string, subject: string): string => sha256(`${stateId}/${subject}`).slice(0, 16);

/** A name for a bucket that nobody else has taken: all accounts share one space of names. At most 63 characters. */
export function bucketName(base: string, { thing, place }: { readonly thing: MarkedThing; readonly place: AwsPlace }): string {
  const end = sha256(`${thing.stateId}/${thing.subject}/${place.region}/${base}`).slice(0, 12);
  return `${base.slice(0, 50).replace(/-+$/, '')}-${end}`;
}
