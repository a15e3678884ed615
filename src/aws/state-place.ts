/** Where the OpenTofu state of one document lies, as a `backend` block has it. */
import type { Json } from '../core/digest.ts';
import type { ResolvedState } from '../config/resolved-state.ts';

export interface StatePlace {
  readonly type: string;
  readonly config?: Readonly<Record<string, Json>>;
}

/** Below the prefix of a project: what OpenTofu keeps, and lock and journal of runs. */
export const TOFU_FOLDER = 'tofu/';
export const ENGINE_FOLDER = 'engine/';

/** `bucket` is the one that was made for the project; `document` is `Network/main`. Lock by a file beside the state (`use_lockfile`). */
export function statePlace(state: ResolvedState, bucket: string | undefined, document: string): StatePlace {
  if (state.backend === 'local') return { type: 'local' };
  const { prefix, region, profile, kmsKeyArn } = state.s3;
  const config = {
    ...{ bucket: bucket ?? state.s3.bucket ?? '', region, encrypt: true, use_lockfile: true },
    key: `${prefix}/${TOFU_FOLDER}${document}.tfstate`,
    ...(profile !== undefined && { profile }),
    ...(kmsKeyArn !== undefined && { kms_key_id: kmsKeyArn }),
  };
  return { type: 's3', config };
}
