/** What the resident Git server serves and to whom: a private file that `up` writes and the server reads anew for each request. */
import type { Host } from '../host/host.ts';
import { SlipwayError } from '../core/errors.ts';

export interface ServedRepository {
  /** Path segment of its URL: `/<name>.git`. */
  readonly name: string;
  readonly gitDir: string;
  /** What is shown, nothing else: `refs/heads/main`, or `refs/heads` for all branches. */
  readonly refs: readonly string[];
}

export interface GitServerConfig {
  readonly format: 1;
  readonly port: number;
  /** Password of user `slipway`; other local users must not read the repositories. */
  readonly token: string;
  readonly repositories: readonly ServedRepository[];
}

export const SERVER_USER = 'slipway';

export async function writeServerConfig(host: Host, file: string, config: GitServerConfig): Promise<void> {
  await host.files.writeAtomic(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
}

/** @throws SLW-GIT-008 when missing or of another form. */
export async function readServerConfig(host: Host, file: string): Promise<GitServerConfig> {
  const config = await peekServerConfig(host, file);
  if (config === undefined) throw new SlipwayError('SLW-GIT-008', `the Git server has no usable configuration at ${file}`);
  return config;
}

/** The same, undefined instead of an error: for observing. */
export async function peekServerConfig(host: Host, file: string): Promise<GitServerConfig | undefined> {
  const text = await host.files.readText(file);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isConfig(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isConfig(value: unknown): value is GitServerConfig {
  if (typeof value !== 'object' || value === null) return false;
  const { format, port, token, repositories } = value as Record<string, unknown>;
  return (
    format === 1 &&
    typeof port === 'number' &&
    typeof token === 'string' &&
    token.length >= 16 &&
    Array.isArray(repositories) &&
    repositories.every(isRepository)
  );
}

function isRepository(value: unknown): boolean {
  const { name, gitDir, refs } = (value ?? {}) as Record<string, unknown>;
  return typeof name === 'string' && typeof gitDir === 'string' && Array.isArray(refs) && refs.every((ref) => typeof ref === 'string');
}

/** Where Flux on this host fetches a served repository. */
export function servedUrl(port: number, name: string): string {
  return `http://127.0.0.1:${port}/${name}.git`;
}
