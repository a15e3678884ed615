/** An account of AWS as the rest of Slipway sees it. Plain data, references typed. */
import type { AwsAccountSpec } from './kinds/aws-account.ts';
import type { Reference } from './references.ts';
import type { Resolver } from './resolver.ts';
import type { FieldPath } from './source.ts';

export interface ResolvedAwsAccount {
  readonly region: string;
  /** The only account that is right; undefined: any. */
  readonly accountId: string | undefined;
  readonly profile: string | undefined;
  /** Undefined: the usual chain of the AWS SDKs. */
  readonly credentials:
    | { readonly accessKeyId: Reference; readonly secretAccessKey: Reference; readonly sessionToken: Reference | undefined }
    | undefined;
  readonly assumeRole: { readonly roleArn: string; readonly externalId: string | undefined; readonly sessionName: string | undefined } | undefined;
}

export function resolveAwsAccount(spec: AwsAccountSpec, path: FieldPath, make: Resolver): ResolvedAwsAccount {
  const { region, accountId, profile, credentials, assumeRole } = spec;
  const at = (key: string): FieldPath => [...path, 'credentials', key];
  return {
    ...{ region, accountId, profile },
    credentials: credentials && {
      accessKeyId: make.secret(credentials.accessKeyId, at('accessKeyId')),
      secretAccessKey: make.secret(credentials.secretAccessKey, at('secretAccessKey')),
      sessionToken: credentials.sessionToken && make.secret(credentials.sessionToken, at('sessionToken')),
    },
    assumeRole: assumeRole && { roleArn: assumeRole.roleArn, externalId: assumeRole.externalId, sessionName: assumeRole.sessionName },
  };
}
