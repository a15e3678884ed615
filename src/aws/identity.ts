/** Who we are in AWS, and what a child that works for us (OpenTofu) needs in its environment to be the same. */
import type { Environment } from '../host/host.ts';
import type { Aws } from './aws.ts';
import { callQuery } from './query.ts';
import { childOf, textOf } from './xml.ts';

export interface CallerIdentity {
  /** 12 digits. */
  readonly account: string;
  readonly arn: string;
  readonly userId: string;
}

/** The first question to ask: proves region, network, clock and credentials. @throws SLW-AWS-001 to SLW-AWS-008, SLW-AWS-010 */
export async function callerIdentity(aws: Aws, signal: AbortSignal): Promise<CallerIdentity> {
  const answer = await callQuery(aws, { service: 'sts', version: '2011-06-15', action: 'GetCallerIdentity' }, signal);
  const result = childOf(answer, 'GetCallerIdentityResult');
  return { account: textOf(result, 'Account') ?? '', arn: textOf(result, 'Arn') ?? '', userId: textOf(result, 'UserId') ?? '' };
}

/** Variables that the AWS tools read; nothing else of the caller's environment is for a child. */
const PASSED_ON = /^(?:AWS_|HTTPS?_PROXY$|NO_PROXY$|https?_proxy$|no_proxy$|SSL_CERT_)/;

/**
 * Environment of a child that finds the same identity by itself, so that it can renew temporary credentials in a long run.
 * May hold keys: for children only, never for a file or an argv.
 */
export function awsEnvironment(
  env: Pick<Environment, 'variables' | 'home'>,
  options: { readonly region: string; readonly profile?: string },
): Record<string, string> {
  const passed = Object.entries(env.variables()).filter(([name]) => PASSED_ON.test(name));
  const kept =
    options.profile === undefined
      ? passed
      : passed.filter(([name]) => !/^AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)$/.test(name));
  return {
    ...Object.fromEntries(kept),
    HOME: env.home,
    AWS_REGION: options.region,
    ...(options.profile !== undefined && { AWS_PROFILE: options.profile }),
  };
}
