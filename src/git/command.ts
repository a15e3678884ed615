/**
 * Git as a capability: what a path is, snapshots of folders, a loopback server, heads of remotes. Drives the git command
 * and knows nothing of Flux or clusters. Invariant: the user's own Git configuration, hooks and prompts never take part.
 */
import { SlipwayError } from '../core/errors.ts';
import type { Host, RunResult } from '../host/host.ts';

export interface GitOptions {
  readonly gitDir?: string;
  readonly input?: string | Uint8Array;
  readonly signal?: AbortSignal;
  /** Additional environment, e.g. credentials; never argv. */
  readonly env?: Readonly<Record<string, string>>;
  /** Configuration for this call; goes through the environment, so that it may hold secrets. */
  readonly config?: readonly (readonly [key: string, value: string])[];
}

/** A whole environment for git: English messages, no system or user configuration, no prompts, no locks for reading. */
export function gitEnvironment(host: Host, options: GitOptions = {}): Record<string, string> {
  const config = [...(options.config ?? []), ...(options.gitDir === undefined ? [] : [['safe.directory', options.gitDir] as const])];
  const env: Record<string, string> = {
    PATH: host.env.get('PATH') ?? '/usr/bin:/bin',
    HOME: '/nonexistent',
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_SYSTEM: '/dev/null',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CONFIG_COUNT: String(config.length),
    ...options.env,
  };
  if (options.gitDir !== undefined) env['GIT_DIR'] = options.gitDir;
  config.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env;
}

/** Runs git and returns its result, also a failed one. @throws SLW-GIT-005 when there is no git. */
export async function tryGit(host: Host, args: readonly string[], options: GitOptions = {}): Promise<RunResult> {
  try {
    return await host.processes.run('git', args, {
      env: gitEnvironment(host, options),
      ...(options.input !== undefined && { input: options.input }),
      ...(options.signal && { signal: options.signal }),
    });
  } catch (error) {
    if (error instanceof SlipwayError && error.code === 'SLW-HST-005')
      throw new SlipwayError('SLW-GIT-005', 'command git is not found', { cause: error });
    throw error;
  }
}

/** Runs git and returns its standard output without the last newline. @throws SLW-GIT-004 when it fails. */
export async function git(host: Host, args: readonly string[], options: GitOptions = {}): Promise<string> {
  const result = await tryGit(host, args, options);
  if (result.code === 0) return result.stdout.replace(/\n$/, '');
  throw new SlipwayError('SLW-GIT-004', `git ${args[0] ?? ''} failed: ${lastLine(result.stderr) ?? `exit code ${result.code}`}`);
}

/** The last non-empty line, where git puts its fatal word; hints after it are skipped. */
export function lastLine(text: string): string | undefined {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => /^(fatal|error|remote):/.test(line)) ?? lines.at(-1);
}
