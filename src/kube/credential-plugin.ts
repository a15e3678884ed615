/** Runs an exec credential plugin (client.authentication.k8s.io v1 and v1beta1) and reads its ExecCredential. */
import { isAbort, isSlipwayError, SlipwayError } from '../core/errors.ts';
import type { Redactor } from '../core/redaction.ts';
import type { Host, RunResult } from '../host/host.ts';
import type { ClusterEntry, ExecConfig } from './kubeconfig.ts';

export interface PluginAnswer {
  readonly token?: string;
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Wall-clock ms. */
  readonly expiresAt?: number;
}

export interface PluginContext {
  readonly cluster: ClusterEntry;
  readonly caPem?: string;
  readonly redactor?: Redactor;
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** A plugin may open a browser or ask a slow identity provider, but not for ever. */
const PLUGIN_BOUND_MS = 60_000;

/** The plugin sees the caller's whole environment, as with kubectl, and is told that nobody can answer questions. */
export async function runCredentialPlugin(host: Host, exec: ExecConfig, context: PluginContext): Promise<PluginAnswer> {
  if (!VERSIONS.includes(exec.apiVersion)) throw failed(exec, `speaks ${exec.apiVersion}, which is not one of ${VERSIONS.join(', ')}`);
  if (exec.interactiveMode === 'Always')
    throw failed(exec, 'wants a terminal (interactiveMode: Always), which Slipway does not give to plugins');
  const env = { ...host.env.variables(), ...exec.env, KUBERNETES_EXEC_INFO: JSON.stringify(execInfo(exec, context)) };
  const result = await host.processes.run(exec.command, exec.args, { env, timeoutMs: PLUGIN_BOUND_MS }).catch((error: unknown) => {
    if (isAbort(error)) throw error;
    throw failed(exec, isSlipwayError(error) ? `cannot be run: ${error.message}` : 'cannot be run', error);
  });
  if (result.code !== 0) throw failed(exec, exitReason(result, context));
  return readAnswer(exec, result.stdout);
}

function execInfo(exec: ExecConfig, { cluster, caPem }: PluginContext): unknown {
  const info = {
    server: cluster.server.href,
    'tls-server-name': cluster.tlsServerName,
    'insecure-skip-tls-verify': cluster.insecure || undefined,
    'certificate-authority-data': caPem === undefined ? undefined : Buffer.from(caPem).toString('base64'),
    'proxy-url': cluster.proxy?.href,
  };
  return {
    apiVersion: exec.apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(exec.provideClusterInfo && { cluster: info }) },
  };
}

function exitReason(result: RunResult, { redactor }: PluginContext): string {
  const last = result.stderr.trim().split('\n').at(-1)?.trim().slice(0, 300) ?? '';
  const ending = result.signal === undefined ? `exited with ${result.code}` : `was ended by ${result.signal}`;
  return last === '' ? ending : `${ending}: ${redactor?.redact(last) ?? last}`;
}

function readAnswer(exec: ExecConfig, stdout: string): PluginAnswer {
  const status = parseStatus(stdout);
  if (!status) throw failed(exec, 'printed no ExecCredential with a status');
  const { token, clientCertificateData: cert, clientKeyData: key, expirationTimestamp } = status;
  const certificate = typeof cert === 'string' && typeof key === 'string' ? { cert, key } : undefined;
  if (typeof token !== 'string' && !certificate) throw failed(exec, 'gave neither a token nor a certificate with its key');
  const expiresAt = typeof expirationTimestamp === 'string' ? Date.parse(expirationTimestamp) : Number.NaN;
  return {
    ...(typeof token === 'string' && { token }),
    ...(certificate && { certificate }),
    ...(!Number.isNaN(expiresAt) && { expiresAt }),
  };
}

function parseStatus(stdout: string): Record<string, unknown> | undefined {
  try {
    const answer = JSON.parse(stdout) as { kind?: unknown; status?: unknown } | null;
    return answer?.kind === 'ExecCredential' && typeof answer.status === 'object'
      ? ((answer.status as Record<string, unknown> | null) ?? undefined)
      : undefined;
  } catch {
    return undefined;
  }
}

function failed(exec: ExecConfig, reason: string, cause?: unknown): SlipwayError {
  const hint = exec.installHint?.trim().split('\n')[0];
  return new SlipwayError('SLW-KUB-024', `credential plugin ${exec.command} ${reason}`, {
    ...(hint && { fix: hint }),
    ...(cause !== undefined && { cause }),
  });
}
