/** The program of a hook as a process: what it is given, how long it may run, what became of one that a dead run left behind. */
import { join } from 'node:path';
import { resolveValue, type Value } from '../../config/references.ts';
import type { ResolvedHook } from '../../config/resolved-hooks.ts';
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError, SlipwayErrors } from '../../core/errors.ts';
import type { Redactor } from '../../core/redaction.ts';
import type { StepReport } from '../../engine/step.ts';
import type { Host, ProcessEnd } from '../../host/host.ts';

/** What a program is told of the run, beside its own variables. */
export interface HookRun {
  readonly host: Host;
  readonly redactor: Redactor;
  readonly project: string;
  readonly stateDir: string;
  /** `Network/main` */
  readonly subject: string;
  readonly signal: AbortSignal;
  readonly report: (report: StepReport) => void;
  /** What the document gives, for SLIPWAY_OUTPUTS. */
  readonly given: Readonly<Record<string, unknown>>;
  readonly outputs: (target: string, output: string) => string | undefined;
}

const LAST_LINES = 12;
const POLL_MS = 200;
/** What a program may have of the caller's own environment. */
const PASSED_ON = ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ'];

/** All programs at once, before anything is done. @throws SlipwayErrors of SLW-HOK-001 */
export async function requireHookPrograms(host: Host, hooks: readonly ResolvedHook[]): Promise<void> {
  const faults = await Promise.all(hooks.map((hook) => findFault(host, hook)));
  const errors = faults.filter((fault) => fault !== undefined);
  if (errors.length > 0) throw new SlipwayErrors(errors);
}

async function findFault(host: Host, { run, name, moment, at }: ResolvedHook): Promise<SlipwayError | undefined> {
  const fault = (what: string): SlipwayError =>
    new SlipwayError('SLW-HOK-001', `${run}, the program of hook ${name} (${moment}), ${what}`, { at });
  const path = await host.files.realpath(run).catch(() => undefined);
  const stat = path === undefined ? undefined : await host.files.stat(path);
  if (path === undefined || !stat) return fault('does not exist');
  if (stat.kind !== 'file') return fault('is no regular file');
  if ((stat.mode & 0o111) === 0) return fault('is not executable');
  const start = Buffer.from(await host.files.readRange(path, 0, 4));
  const isProgram =
    start.subarray(0, 2).toString('latin1') === '#!' || start.toString('latin1') === '\u007fELF' || start.readUInt32BE(0) === 0xcffaedfe;
  return isProgram ? undefined : fault('has no first line that names its interpreter');
}

/** Runs it to its end. With `onFailure: warn` a failure is only said. @throws SLW-HOK-002 */
export async function runHook(hook: ResolvedHook, run: HookRun): Promise<void> {
  try {
    await runToEnd(hook, run);
  } catch (error) {
    run.signal.throwIfAborted();
    if (hook.onFailure !== 'warn' || !isSlipwayError(error)) throw error;
    run.report({ type: 'finding', level: 'warning', code: error.code, message: error.message });
  }
}

interface Files {
  readonly dir: string;
  readonly log: string;
  readonly record: string;
  readonly outputs: string;
}

async function runToEnd(hook: ResolvedHook, run: HookRun): Promise<void> {
  const { host, signal } = run;
  const files = filesOf(hook, run);
  await endOrphan(hook, run, files);
  await host.files.mkdir(files.dir);
  await host.files.remove(files.log);
  await host.files.writeAtomic(files.outputs, `${JSON.stringify(run.given, undefined, 2)}\n`, { mode: 0o600 });
  const env = await environmentOf(hook, run, files);
  const ended = Promise.withResolvers<ProcessEnd>();
  const { run: command, args, folder: cwd } = hook;
  const identity = await host.processes.spawnDetached({
    command,
    args,
    cwd,
    env,
    logFile: files.log,
    recordFile: files.record,
    onEnded: ended.resolve,
  });
  const bound = host.clock.timeout(hook.timeoutMs);
  const stop = AbortSignal.any([signal, bound]);
  const onStop = (): void => void endProcess(host, identity);
  stop.addEventListener('abort', onStop, { once: true });
  if (stop.aborted) onStop();
  const end = await awake(host, ended.promise).finally(() => stop.removeEventListener('abort', onStop));
  await host.files.remove(files.record);
  signal.throwIfAborted();
  if (bound.aborted) throw await failure(hook, run, `did not end within ${formatDuration(hook.timeoutMs)}`);
  if (end.code !== 0) throw await failure(hook, run, `ended with code ${end.code}`);
}

/** A detached child does not keep our process alive; a timer does. */
async function awake<T>(host: Host, promise: Promise<T>): Promise<T> {
  const done = new AbortController();
  const timer = (async (): Promise<void> => {
    while (!done.signal.aborted) await host.clock.sleep(1_000, done.signal);
  })().catch(() => undefined);
  try {
    return await promise;
  } finally {
    done.abort();
    await timer;
  }
}

function filesOf({ moment, name }: ResolvedHook, { stateDir, subject }: HookRun): Files {
  const dir = join(stateDir, 'hooks', subject.replace('/', '-').toLowerCase(), `${moment}-${name}`);
  return { dir, log: join(dir, 'hook.log'), record: join(dir, 'pid'), outputs: join(dir, 'outputs.json') };
}

/** The program of a run that died: waited for as long as it may run, then ended. Whether it succeeded nobody knows, so it is run again. */
async function endOrphan(hook: ResolvedHook, { host, signal, report }: HookRun, files: Files): Promise<void> {
  const identity = await host.processes.readRecord(files.record);
  if (!identity || !(await host.processes.isAlive(identity))) return;
  const message = `the last run left it behind (pid ${identity.pid})`;
  report({ type: 'waiting', object: `Hook/${hook.name}`, reason: 'StillRunning', message, boundMs: hook.timeoutMs });
  const until = host.clock.monotonic() + hook.timeoutMs;
  while (host.clock.monotonic() < until && (await host.processes.isAlive(identity))) await host.clock.sleep(POLL_MS, signal);
  await endProcess(host, identity);
}

const GRACE_MS = 5_000;

async function endProcess(host: Host, identity: Parameters<Host['processes']['signal']>[0]): Promise<void> {
  await host.processes.signal(identity, 'SIGTERM');
  for (let waited = 0; waited < GRACE_MS && (await host.processes.isAlive(identity)); waited += POLL_MS) await host.clock.sleep(POLL_MS);
  await host.processes.signal(identity, 'SIGKILL');
}

async function environmentOf(hook: ResolvedHook, run: HookRun, files: Files): Promise<Record<string, string>> {
  const { host, redactor, outputs } = run;
  const passed = PASSED_ON.flatMap((name) => {
    const value = host.env.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  const own = await Promise.all(
    [...hook.env].map(
      async ([name, value]: readonly [string, Value]) => [name, await resolveValue(host, value, { redactor, outputs })] as const,
    ),
  );
  return {
    ...Object.fromEntries([...passed, ...own]),
    SLIPWAY_PROJECT: run.project,
    SLIPWAY_SUBJECT: run.subject,
    SLIPWAY_MOMENT: hook.moment,
    SLIPWAY_HOOK: hook.name,
    SLIPWAY_OUTPUTS: files.outputs,
  };
}

async function failure(hook: ResolvedHook, run: HookRun, what: string): Promise<SlipwayError> {
  const { log } = filesOf(hook, run);
  const text = run.redactor.redact((await run.host.files.readText(log).catch(() => undefined)) ?? '');
  const last = text.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  const words = last === '' ? 'it wrote nothing' : `its last words: ${last}`;
  return new SlipwayError('SLW-HOK-002', `hook ${hook.name} (${hook.moment}) of ${run.subject} ${what}; ${words}`, {
    at: hook.at,
    object: run.subject,
    data: { log },
  });
}
