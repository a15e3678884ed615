/** The account that a document of a project lives in: one shared connection for each identity and region in a run, and the proof that it is the right one. */
import type { ResolvedAwsAccount } from '../config/resolved-aws.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Redactor } from '../core/redaction.ts';
import type { Host } from '../host/host.ts';
import { type Aws, connectAws } from './aws.ts';
import { awsEnvironment, type CallerIdentity, callerIdentity } from './identity.ts';

/** What is needed of a run to share connections in it. */
export interface AwsRun {
  readonly host: Host;
  readonly redactor: Redactor;
  /** One instance for each key in a run. */
  readonly shared: <T extends object>(key: string, make: () => T) => T;
  /** Runs at the end of the run, in reverse order. */
  readonly defer: (close: () => void | Promise<void>) => void;
}

/** Where something is, as plain data for the journal; never a key. */
export type AwsPlace = Pick<ResolvedAwsAccount, 'region' | 'accountId' | 'profile'>;

/** The connection of that identity and region; closed at the end of the run. */
export function sharedAws(run: AwsRun, { region, profile }: Pick<AwsPlace, 'region' | 'profile'>): Aws {
  return run.shared(`aws ${profile ?? ''} ${region}`, () => {
    const aws = connectAws(run.host, { region, redactor: run.redactor, ...(profile !== undefined && { profile }) });
    run.defer(() => aws.close());
    return aws;
  });
}

/** Who we are there, asked once in a run. @throws SLW-NET-002 when it is not the account that is wanted; SLW-AWS-001 to -008 */
export async function requireAccount(run: AwsRun, place: AwsPlace, signal: AbortSignal): Promise<CallerIdentity> {
  const asked = run.shared<{ identity: Promise<CallerIdentity> | undefined }>(
    `aws identity ${place.profile ?? ''} ${place.region}`,
    () => ({ identity: undefined }),
  );
  asked.identity ??= callerIdentity(sharedAws(run, place), signal);
  try {
    const identity = await asked.identity;
    requireSameAccount(place, identity);
    return identity;
  } catch (thrown) {
    asked.identity = undefined;
    throw thrown;
  }
}

/** @throws SLW-NET-002 when another account was wanted */
export function requireSameAccount({ accountId }: Pick<AwsPlace, 'accountId'>, { account }: Pick<CallerIdentity, 'account'>): void {
  if (accountId !== undefined && accountId !== account)
    throw new SlipwayError('SLW-NET-002', `the credentials belong to account ${account}, not to ${accountId}`);
}

/** Environment of a child that acts in that account. May hold keys: for children only. */
export function accountEnvironment({ host }: Pick<AwsRun, 'host'>, { region, profile }: AwsPlace): Record<string, string> {
  return awsEnvironment(host.env, { region, ...(profile !== undefined && { profile }) });
}

/** As it stands in the choices of a step's intent. */
export function placeRecord({ region, profile }: AwsPlace, account: string): Readonly<Record<string, string>> {
  return { region, account, ...(profile !== undefined && { profile }) };
}

/** Back from the journal; undefined when the record speaks of no account. */
export function placeOfRecord(choices: Readonly<Record<string, unknown>> | undefined): AwsPlace | undefined {
  const place = choices?.['aws'];
  if (typeof place !== 'object' || place === null) return undefined;
  const { region, account, profile } = place as { readonly region?: string; readonly account?: string; readonly profile?: string };
  return region === undefined ? undefined : { region, accountId: account, profile };
}
