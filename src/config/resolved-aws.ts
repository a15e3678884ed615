/** An account of AWS as the rest of Slipway sees it. Plain data. */
import type { AwsAccountSpec } from './kinds/aws-account.ts';

export interface ResolvedAwsAccount {
  readonly region: string;
  /** The only account that is right; undefined: any. */
  readonly accountId: string | undefined;
  /** Undefined: what the AWS tools find by themselves. */
  readonly profile: string | undefined;
}

export function resolveAwsAccount({ region, accountId, profile }: AwsAccountSpec): ResolvedAwsAccount {
  return { region, accountId, profile };
}
