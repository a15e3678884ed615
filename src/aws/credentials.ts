/**
 * Who asks: keys of the environment, else the chain of the AWS tools (profiles, single sign-on, web identity, process, role of the
 * machine), whose library is loaded only then. Kept until shortly before they expire.
 * Order: a profile that is named wins, then keys in the environment, then AWS_PROFILE, as in the AWS command line tools
 * (https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html#cli-configure-files-precedence).
 */
import { SlipwayError } from '../core/errors.ts';
import type { Redactor } from '../core/redaction.ts';
import type { Host } from '../host/host.ts';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Wall-clock ms. */
  readonly expiresAt?: number;
  /** Where they came from, for messages: `the environment`, `profile staging`. */
  readonly from: string;
}

export interface CredentialOptions {
  /** Of ~/.aws/config; wins over keys in the environment. */
  readonly profile?: string;
  /** Learns secret key and session token, so that no sink shows them. */
  readonly redactor?: Redactor;
}

export interface CredentialSource {
  /** @throws SLW-AWS-001, SLW-AWS-002 */
  current(signal: AbortSignal): Promise<AwsCredentials>;
  /** Where they come from, for messages. */
  readonly from: string;
}

/** Temporary credentials are fetched anew this long before they end. */
const EXPIRY_MARGIN_MS = 5 * 60_000;

export function createCredentialSource(host: Host, options: CredentialOptions): CredentialSource {
  const inEnvironment = options.profile === undefined && hasKeys(host);
  const from = inEnvironment ? 'the environment' : describeChain(host, options.profile);
  const fetch = inEnvironment ? async () => fromEnvironment(host, from) : createChain(host, { profile: profileOf(host, options), from });
  let kept: Promise<AwsCredentials> | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  const current = async (signal: AbortSignal): Promise<AwsCredentials> => {
    signal.throwIfAborted();
    if (kept === undefined || host.clock.now() >= dueAt) {
      dueAt = Number.POSITIVE_INFINITY;
      kept = fetch();
      kept.catch(() => (kept = undefined));
    }
    const found = await kept;
    dueAt = found.expiresAt === undefined ? Number.POSITIVE_INFINITY : found.expiresAt - EXPIRY_MARGIN_MS;
    options.redactor?.add(found.secretAccessKey);
    if (found.sessionToken !== undefined) options.redactor?.add(found.sessionToken);
    return found;
  };
  return { current, from };
}

function hasKeys({ env }: Host): boolean {
  return Boolean(env.get('AWS_ACCESS_KEY_ID') ?? env.get('AWS_SECRET_ACCESS_KEY'));
}

function fromEnvironment({ env }: Host, from: string): AwsCredentials {
  const [accessKeyId, secretAccessKey, sessionToken] = ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'].map((name) =>
    env.get(name),
  );
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'AWS_SECRET_ACCESS_KEY' : 'AWS_ACCESS_KEY_ID';
    throw new SlipwayError('SLW-AWS-001', `the environment holds half of the AWS keys: ${missing} is missing`);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }), from };
}

function profileOf({ env }: Host, { profile }: CredentialOptions): string | undefined {
  return profile ?? (env.get('AWS_PROFILE') || undefined);
}

function describeChain(host: Host, profile: string | undefined): string {
  const name = profileOf(host, profile === undefined ? {} : { profile });
  return name === undefined ? 'the default profile or the role of this machine' : `profile ${name}`;
}

interface Chain {
  readonly profile: string | undefined;
  readonly from: string;
}

function createChain(host: Host, { profile, from }: Chain): () => Promise<AwsCredentials> {
  return async () => {
    try {
      const { accessKeyId, secretAccessKey, sessionToken, expiration } = await askLibrary(profile);
      if (expiration && expiration.getTime() <= host.clock.now())
        throw new SlipwayError('SLW-AWS-002', `the AWS credentials of ${from} expired at ${expiration.toISOString()}`);
      return {
        ...{ accessKeyId, secretAccessKey, from },
        ...(sessionToken !== undefined && { sessionToken }),
        ...(expiration && { expiresAt: expiration.getTime() }),
      };
    } catch (thrown) {
      throw explain(thrown, from);
    }
  };
}

interface Found {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}

/** A named profile is asked alone: the chain would hide why it gives nothing. */
async function askLibrary(profile: string | undefined): Promise<Found> {
  const options = { logger: SILENT, maxRetries: 1 };
  if (profile !== undefined) {
    const { fromIni } = await import('@aws-sdk/credential-provider-ini');
    return fromIni({ ...options, profile })();
  }
  const { defaultProvider } = await import('@aws-sdk/credential-provider-node');
  return defaultProvider(options)();
}

/** The library would write its warnings to the terminal. */
const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** The library's words are for people: "Token is expired. To refresh this SSO session run 'aws sso login' …". */
function explain(thrown: unknown, from: string): SlipwayError {
  if (thrown instanceof SlipwayError) return thrown;
  const words = thrown instanceof Error ? (thrown.message.split('\n')[0] ?? '').replace(/\.$/, '') : 'no reason given';
  const expired = /expired|has expired|ExpiredToken/i.test(words);
  return new SlipwayError(expired ? 'SLW-AWS-002' : 'SLW-AWS-001', `${from} gives no AWS credentials: ${words}`, { cause: thrown });
}
