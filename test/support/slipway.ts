/** Runs the real command line as a child, the way a user's shell does, and kills it when asked. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, existsSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const REPOSITORY = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const MAIN = join(REPOSITORY, 'src', 'cli', 'main.ts');

export interface SlipwayResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly ms: number;
}

export interface SlipwayRun {
  readonly child: ChildProcess;
  readonly result: Promise<SlipwayResult>;
}

export interface SlipwayOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Another entry than the product's main, e.g. one with a decorated journal. */
  readonly main?: string;
  readonly input?: string;
}

/** A folder of its own for one test: state home, process registry and project apart from the user's. */
export interface Sandbox {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  remove(): void;
}

export function createSandbox(example?: string): Sandbox {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  if (example !== undefined) cpSync(join(REPOSITORY, 'examples', example), join(dir, 'project'), { recursive: true, filter: (path) => !path.endsWith('.slipway') });
  return { dir, env: { XDG_STATE_HOME: join(dir, 'xdg-state') }, remove: () => rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }) };
}

export function startSlipway(args: readonly string[], options: SlipwayOptions): SlipwayRun {
  const started = performance.now();
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', options.main ?? MAIN, ...args], {
    cwd: options.cwd,
    env: { ...process.env, NO_COLOR: '1', CI: 'true', ...options.env },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  if (options.input !== undefined) child.stdin?.end(options.input);
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const result = new Promise<SlipwayResult>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr, ms: performance.now() - started }));
  });
  return { child, result };
}

export function runSlipway(args: readonly string[], options: SlipwayOptions): Promise<SlipwayResult> {
  return startSlipway(args, options).result;
}

/** NDJSON of `--output json`, parsed; throws with the line that is none. */
export function parseNdjson(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      try {
        return JSON.parse(line) as Record<string, unknown>;
      } catch {
        throw new Error(`not a JSON line: ${line.slice(0, 200)}`);
      }
    });
}

export function readIfThere(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, 'utf8') : undefined;
}
