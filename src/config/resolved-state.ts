/** Where a project keeps its state, as the rest of Slipway sees it. Plain data, references typed. */
import type { ProjectSpec } from './kinds/project.ts';
import type { Reference } from './references.ts';
import { type ResolvedAwsAccount, resolveAwsAccount } from './resolved-aws.ts';
import { demand, type Resolver } from './resolver.ts';

export type ResolvedState =
  | {
      readonly backend: 'local';
      /** Undefined: a generated key. */
      readonly passphrase: Reference | undefined;
    }
  | {
      readonly backend: 's3';
      readonly s3: ResolvedAwsAccount & {
        /** Undefined: made from project, account and region. */
        readonly bucket: string | undefined;
        /** Path without / at its ends. */
        readonly prefix: string;
        readonly kmsKeyArn: string | undefined;
      };
    };

export const LOCAL_STATE: ResolvedState = { backend: 'local', passphrase: undefined };

export function resolveState(spec: ProjectSpec['state'], project: string, make: Resolver): ResolvedState {
  if (spec.backend === 'local')
    return { backend: 'local', passphrase: spec.passphrase && make.secret(spec.passphrase, ['spec', 'state', 'passphrase']) };
  const s3 = demand(spec.s3);
  const { bucket, kmsKeyArn, prefix = project } = s3;
  return { backend: 's3', s3: { ...resolveAwsAccount(s3), bucket, prefix, kmsKeyArn } };
}
