/**
 * The bucket that holds states: made when absent, hardened whoever made it, removed last and only when nothing of other states is in it.
 * Versioned, encrypted, no public access, TLS only, ACLs off. A bucket of another account is refused, never used.
 */
import { SlipwayError } from '../core/errors.ts';
import type { Step, UndoHandler } from '../engine/step.ts';
import type { Aws } from './aws.ts';

export interface StateBucketOptions {
  readonly name: string;
  readonly region: string;
  readonly profile?: string;
  readonly project: string;
  /** Where this project keeps its objects in it: `NAME/`; other prefixes belong to others. */
  readonly prefix: string;
  /** Opens a connection; the caller closes it. */
  readonly connect: (region: string, profile?: string) => Aws;
}

/** `slipway-<project>-<account>-<region>`, shortened with a digest where it would be too long: the same for ever. */
export function stateBucketName({
  project,
  account,
  region,
}: {
  readonly project: string;
  readonly account: string;
  readonly region: string;
}): string {
  throw new SlipwayError('SLW-BUG-001', `not built yet: ${project} ${account} ${region}`);
}

/** Step `aws/make-state-bucket/<name>`; everything that uses the state needs it. Outputs: bucket, region, account. */
export function stateBucketStep(options: StateBucketOptions): Step {
  throw new SlipwayError('SLW-BUG-001', `not built yet: ${options.name}`);
}

export const STATE_BUCKET_HANDLER = 'aws/remove-state-bucket';

/** Undo of `stateBucketStep`, from its record alone. */
export function stateBucketUndo(connect: StateBucketOptions['connect']): UndoHandler {
  throw new SlipwayError('SLW-BUG-001', `not built yet: ${typeof connect}`);
}
