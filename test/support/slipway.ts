/** Runs the real command line as a child, the way a user's shell does, and kills it when asked. */
import { spawn, type ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processesMentioning } from './world.ts';

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
  readonly project: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs the command line in the project's folder. */
  run(args: readonly string[], options?: Partial<SlipwayOptions>): Promise<SlipwayResult>;
  start(args: readonly string[], options?: Partial<SlipwayOptions>): SlipwayRun;
  /** Writes files below the project's folder. */
  put(files: Readonly<Record<string, string>>): void;
  /** Ends whatever still runs from here, then removes the folder. */
  remove(): Promise<void>;
}

export interface SandboxOptions {
  /** Folder of examples/ to copy. */
  readonly example?: string;
  readonly files?: Readonly<Record<string, string>>;
}

/** One cluster without GitOps: the smallest project. */
export const PLAIN_CLUSTER = 'apiVersion: slipway.dev/v1alpha1\nkind: Cluster\nmetadata: {name: demo}\nspec: {provisioner: local}\n';

export function createSandbox({ example, files = {} }: SandboxOptions = {}): Sandbox {
  const dir = mkdtempSync(join(tmpdir(), 'slipway-test-'));
  const project = join(dir, 'project');
  mkdirSync(project);
  if (example !== undefined)
    cpSync(join(REPOSITORY, 'examples', example), project, { recursive: true, filter: (path) => !path.endsWith('.slipway') });
  const env = { XDG_STATE_HOME: join(dir, 'xdg-state'), TMPDIR: join(dir, 'tmp') };
  mkdirSync(env.TMPDIR);
  const start = (args: readonly string[], options: Partial<SlipwayOptions> = {}): SlipwayRun =>
    startSlipway(args, { cwd: project, ...options, env: { ...env, ...options.env } });
  const sandbox: Sandbox = {
    ...{ dir, project, env, start },
    run: (args, options) => start(args, options).result,
    put: (more) => putFiles(project, more),
    remove: () => removeSandbox(dir),
  };
  sandbox.put(files);
  return sandbox;
}

export function putFiles(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    const full = join(root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, content);
  }
}

async function removeSandbox(dir: string): Promise<void> {
  await killAll(dir);
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
}

/** SIGKILL to every process that mentions the folder, until none is left. */
export async function killAll(dir: string): Promise<void> {
  for (let left = processesMentioning(dir); left.length > 0; left = processesMentioning(dir)) {
    for (const { pid } of left) killPid(pid);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** False: it was gone already. */
export function killPid(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}

/** As the launcher starts Node. */
export const NODE_FLAGS = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=4',
  '--initial-old-space-size=64',
  '--heap-growing-percent=30',
] as const;

export function startSlipway(args: readonly string[], options: SlipwayOptions): SlipwayRun {
  const started = performance.now();
  const child = spawn(process.execPath, [...NODE_FLAGS, options.main ?? MAIN, ...args], {
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

/** Resolves at the first event of a run with `--output json` that fits. @throws when the run ends without one */
export function atEvent(
  { child, result }: SlipwayRun,
  fits: (event: Record<string, unknown>) => boolean,
): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    let rest = '';
    child.stdout?.on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const event = lines.map((line) => JSON.parse(line) as Record<string, unknown>).find(fits);
      if (event) resolve(event);
    });
    void result.then(({ code, stdout }) => reject(new Error(`the run ended with ${code} before the event came:\n${stdout.slice(-2000)}`)));
  });
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

/** Runs to exit 0. @throws with all it said when it ends otherwise */
export async function succeed(sandbox: Sandbox, args: readonly string[], options?: Partial<SlipwayOptions>): Promise<SlipwayResult> {
  const result = await sandbox.run(args, options);
  if (result.code !== 0)
    throw new Error(`slipway ${args.join(' ')} exited with ${result.code ?? result.signal}:\n${result.stderr}\n${result.stdout}`);
  return result;
}
