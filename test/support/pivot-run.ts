/** Starts pivot-main.ts as a child against the two ends of a world, kills it when asked, and reads what it said. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PivotEvent, PivotResult } from '../../src/capi/pivot/options.ts';
import { PROVIDERS } from './capi-management.ts';
import type { CapiEnd, CapiWorld } from './capi-world.ts';
import type { KillOrder, PivotEndOrder, PivotOrder } from './pivot-main.ts';
import { NODE_FLAGS, REPOSITORY } from './slipway.ts';

export interface PivotRunOptions {
  readonly verb?: PivotOrder['verb'];
  readonly kill?: KillOrder;
  /** SIGKILL after so many ms. */
  readonly killAfterMs?: number;
  readonly pivot?: Partial<PivotOrder['options']>;
  /** Kubeconfigs to use instead of the administrator's, e.g. through a proxy. */
  readonly kubeconfigs?: Readonly<Partial<Record<'source' | 'target', string>>>;
  /** The other way round: what was the target is the source. */
  readonly swapped?: boolean;
  readonly timeoutMs?: number;
}

export interface LoggedWrite {
  readonly ordinal: number;
  readonly end: 'source' | 'target';
  readonly verb: string;
  readonly ref: string;
  readonly purpose: string;
  readonly phase: string;
}

export interface PivotRunResult {
  readonly code: number | null;
  readonly killed: boolean;
  readonly ms: number;
  readonly events: readonly PivotEvent[];
  readonly result: PivotResult | undefined;
  readonly error: { readonly code: string; readonly message: string; readonly fix?: string; readonly stack?: string } | undefined;
  readonly peakBytes: number;
  /** Processor time of the child. */
  readonly cpuMs: number;
  readonly writes: readonly LoggedWrite[];
  readonly stderr: string;
  /** Phase that was last begun. */
  readonly phase: string;
}

let counter = 0;

function endOrder(end: CapiEnd, { dir, kubeconfig }: { dir: string; kubeconfig: string }): PivotEndOrder {
  const kubeconfigFile = join(dir, `${end.name}.kubeconfig`);
  writeFileSync(kubeconfigFile, kubeconfig, { mode: 0o600 });
  return { kubeconfigFile, clusterDir: end.clusterDir };
}

/** Nothing is kept for the next run but what is in the two clusters: each run is also that of a lost laptop. */
export async function runPivotChild(world: CapiWorld, options: PivotRunOptions = {}): Promise<PivotRunResult> {
  const dir = join(world.dir, 'pivots', String((counter += 1)));
  mkdirSync(dir, { recursive: true });
  const writeLog = join(dir, 'writes.jsonl');
  const { source, target } = world;
  const place = async (end: CapiEnd): Promise<PivotEndOrder> =>
    endOrder(end, { dir, kubeconfig: options.kubeconfigs?.[end.name] ?? (await end.kubeconfig()) });
  const [from, to] = options.swapped ? [target, source] : [source, target];
  const order: PivotOrder = {
    verb: options.verb ?? 'run',
    source: await place(from),
    target: await place(to),
    cloudFile: world.cloudFile,
    providers: PROVIDERS,
    options: { disposableSource: true, timeoutMs: 120_000, watchMs: 1_000, ...options.pivot },
    ...(options.kill && { kill: options.kill }),
    writeLog,
  };
  const outcome = await execute(world, order, options);
  const writes = existsSync(writeLog) ? parseLines<LoggedWrite>(readFileSync(writeLog, 'utf8')) : [];
  rmSync(dir, { recursive: true, force: true });
  return { ...outcome, writes };
}

async function execute(world: CapiWorld, order: PivotOrder, options: PivotRunOptions): Promise<Omit<PivotRunResult, 'writes'>> {
  const started = performance.now();
  const child = spawn(process.execPath, [...NODE_FLAGS, join(REPOSITORY, 'test', 'support', 'pivot-main.ts')], {
    env: {
      ...process.env,
      XDG_STATE_HOME: world.stateHome,
      NODE_COMPILE_CACHE: join(world.dir, 'compile'),
      SLIPWAY_TEST_PIVOT: JSON.stringify(order),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const timer = setTimeout(() => child.kill('SIGKILL'), options.killAfterMs ?? options.timeoutMs ?? 300_000);
  const { code, signal } = await new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exit, name) => resolve({ code: exit, signal: name }));
  });
  clearTimeout(timer);
  const lines = parseLines<Line>(stdout);
  const events = lines.filter((line): line is PivotEvent => line.type !== 'result' && line.type !== 'error');
  const phase = events.findLast((event) => event.type === 'phase');
  const result = lines.find((line) => line.type === 'result');
  const error = lines.find((line) => line.type === 'error');
  return {
    code,
    killed: signal === 'SIGKILL',
    ms: performance.now() - started,
    events,
    result: result?.result,
    peakBytes: result?.peakBytes ?? 0,
    cpuMs: result?.cpuMs ?? 0,
    error: error?.error,
    stderr,
    phase: phase?.type === 'phase' ? phase.phase : 'none',
  };
}

type Line =
  | PivotEvent
  | { readonly type: 'result'; readonly result: PivotResult; readonly peakBytes: number; readonly cpuMs: number }
  | { readonly type: 'error'; readonly error: NonNullable<PivotRunResult['error']> };

/** A killed child may leave half a line. */
function parseLines<T>(text: string): readonly T[] {
  return text.split('\n').flatMap((line) => (line.startsWith('{') && line.endsWith('}') ? [JSON.parse(line) as T] : []));
}

/** For messages: why a run did not do what was wanted. */
export function describeRun(run: PivotRunResult): string {
  const { code, killed, phase, error, stderr } = run;
  return `exit ${code}${killed ? ' (killed)' : ''} in phase ${phase}: ${error ? `${error.code} ${error.message}\n${error.stack ?? ''}` : ''}\n${stderr}`;
}
