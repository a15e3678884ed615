/**
 * What a request proves who it is with: client certificate, bearer token (inline or from a file that rotates) or the
 * answer of an exec credential plugin, kept until it expires. Never logged, never in argv.
 * Source: kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.
 */
import { dirname, isAbsolute, join } from 'node:path';
import { isSlipwayError, SlipwayError } from '../core/errors.ts';
import type { Redactor } from '../core/redaction.ts';
import type { Host } from '../host/host.ts';
import { untilAborted } from './abort.ts';
import { runCredentialPlugin } from './credential-plugin.ts';
import type { ChosenContext, PemSource, UserEntry } from './kubeconfig.ts';

export interface Credential {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly certificate?: { readonly cert: string; readonly key: string };
}

export interface Credentials {
  /** @throws SLW-KUB-023 a file is missing, SLW-KUB-024 the plugin failed */
  current(signal: AbortSignal): Promise<Credential>;
  /** After a 401: forgets what was refused; false when a second try could not differ. */
  renew(): boolean;
}

export interface CredentialOptions {
  readonly host: Host;
  readonly chosen: ChosenContext;
  /** Absolute path of the kubeconfig; relative paths in it start at its folder. */
  readonly kubeconfigPath?: string;
  /** Learns every token, so that no sink shows it. */
  readonly redactor?: Redactor;
}

/** A secret and the wall-clock time after which it must be fetched anew. */
interface Fetched {
  readonly token?: string;
  readonly certificate?: Credential['certificate'];
  readonly dueAt: number;
}

/** client-go re-reads token files once a minute. */
const TOKEN_FILE_PERIOD_MS = 60_000;
/** A credential is replaced this long before it expires, so that it does not expire on its way. */
const EXPIRY_MARGIN_MS = 10_000;

export function createCredentials(options: CredentialOptions): Credentials {
  const { user } = options.chosen;
  const impersonation = impersonationHeaders(user);
  const fetch = fetcher(options);
  let cached: Promise<Fetched> | undefined;
  let dueAt = Number.POSITIVE_INFINITY;
  const fetched = async (signal: AbortSignal): Promise<Fetched> => {
    if (cached === undefined || options.host.clock.now() >= dueAt) {
      dueAt = Number.POSITIVE_INFINITY;
      const pending = fetch();
      cached = pending;
      pending.then(
        (value) => (dueAt = value.dueAt),
        () => (cached = undefined),
      );
    }
    return untilAborted(cached, signal);
  };
  return {
    current: async (signal) => {
      const { token, certificate } = await fetched(signal);
      if (token !== undefined) options.redactor?.add(token);
      return {
        headers: { ...impersonation, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
        ...(certificate && { certificate }),
      };
    },
    renew: () => {
      cached = undefined;
      return user.exec !== undefined || user.tokenFile !== undefined;
    },
  };
}

/** Precedence as in client-go: a certificate goes with any token; tokenFile wins over token; the plugin adds what it gives. */
function fetcher(options: CredentialOptions): () => Promise<Fetched> {
  const { host, chosen } = options;
  const { user } = chosen;
  return async () => {
    const certificate = await readCertificate(options);
    const fixed: Fetched = {
      dueAt: Number.POSITIVE_INFINITY,
      ...(user.token !== undefined && { token: user.token }),
      ...(certificate && { certificate }),
    };
    if (user.tokenFile !== undefined) {
      const token = (await readNamedFile(options, user.tokenFile, 'tokenFile')).trim();
      return { ...fixed, token, dueAt: host.clock.now() + TOKEN_FILE_PERIOD_MS };
    }
    if (user.exec === undefined || user.token !== undefined) return fixed;
    const answer = await runPlugin(options, user.exec);
    return {
      ...fixed,
      ...(answer.token !== undefined && { token: answer.token }),
      ...(answer.certificate && { certificate: answer.certificate }),
      ...(answer.expiresAt !== undefined && { dueAt: answer.expiresAt - EXPIRY_MARGIN_MS }),
    };
  };
}

async function runPlugin(options: CredentialOptions, exec: NonNullable<UserEntry['exec']>): ReturnType<typeof runCredentialPlugin> {
  const { ca } = options.chosen.cluster;
  const caPem = exec.provideClusterInfo && ca ? await readPem(options, ca, 'certificate-authority') : undefined;
  const command = exec.command.includes('/') && !isAbsolute(exec.command) ? join(baseFolder(options), exec.command) : exec.command;
  return runCredentialPlugin(
    options.host,
    { ...exec, command },
    { cluster: options.chosen.cluster, ...(caPem !== undefined && { caPem }), ...(options.redactor && { redactor: options.redactor }) },
  );
}

async function readCertificate(options: CredentialOptions): Promise<Credential['certificate']> {
  const { certificate, key } = options.chosen.user;
  if (!certificate && !key) return undefined;
  if (!certificate || !key)
    throw new SlipwayError(
      'SLW-KUB-020',
      `kubeconfig user has ${certificate ? 'a client-certificate but no client-key' : 'a client-key but no client-certificate'}`,
    );
  const [cert, keyPem] = await Promise.all([readPem(options, certificate, 'client-certificate'), readPem(options, key, 'client-key')]);
  return { cert, key: keyPem };
}

/** @throws SLW-KUB-023 */
export async function readPem(options: CredentialOptions, source: PemSource, field: string): Promise<string> {
  return 'pem' in source ? source.pem : readNamedFile(options, source.file, field);
}

async function readNamedFile(options: CredentialOptions, file: string, field: string): Promise<string> {
  const path = isAbsolute(file) ? file : join(baseFolder(options), file);
  const text = await options.host.files.readText(path).catch((error: unknown) => {
    throw new SlipwayError('SLW-KUB-023', `${path}, named by ${field} in the kubeconfig, cannot be read`, {
      cause: error,
      ...(isSlipwayError(error) && { fix: error.fix }),
    });
  });
  if (text === undefined) throw new SlipwayError('SLW-KUB-023', `${path}, named by ${field} in the kubeconfig, does not exist`);
  return text;
}

function baseFolder(options: CredentialOptions): string {
  return options.kubeconfigPath === undefined ? options.host.env.cwd : dirname(options.kubeconfigPath);
}

function impersonationHeaders(user: UserEntry): Record<string, string | readonly string[]> {
  const { impersonate } = user;
  if (!impersonate) return {};
  return {
    ...(impersonate.user !== undefined && { 'impersonate-user': impersonate.user }),
    ...(impersonate.uid !== undefined && { 'impersonate-uid': impersonate.uid }),
    ...(impersonate.groups.length > 0 && { 'impersonate-group': impersonate.groups }),
  };
}
