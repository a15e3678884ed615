/**
 * What a tofu that was killed may have left, put right before anything is planned: the process itself, a state that is half
 * written, one that could not be saved, a lock, resources that were made and are in no state. Touches no cloud resource.
 */
import { SlipwayError } from '../core/errors.ts';
import type { StepReport } from '../engine/step.ts';
import type { Host, ProcessIdentity } from '../host/host.ts';
import { keepDump, type TofuCall } from './commands.ts';
import { freeLock } from './dead-lock.ts';
import { adoptLost, type AdoptOptions } from './lost.ts';
import { forgetRun, type PendingRun, readPendingRuns, readRunLog, RunLog, settleRun } from './runner.ts';
import { pushErrored } from './state-files.ts';

export interface RecoverOptions {
  readonly call: TofuCall;
  readonly timeoutMs: number;
  readonly report: (report: StepReport) => void;
  /** Finds what the provider has not told, or not as an import id. */
  readonly finder?: AdoptOptions['finder'];
  readonly aside?: AdoptOptions['aside'];
}

const POLL_MS = 200;
const ORPHAN_TRIES = 50;
/** Commands that take no lock of the state. */
const LOCKLESS: readonly string[] = ['init', 'plan', 'validate'];

/** Those that died here, their processes gone, the oldest first. Waits for one that lives. @throws SLW-TOF-014 */
export async function findDead(options: Omit<RecoverOptions, 'finder' | 'aside'>): Promise<readonly PendingRun[]> {
  const { host, workspace } = options.call;
  const runs = await readPendingRuns(host, workspace.dir);
  for (const run of runs) await waitForEnd(run, options);
  return runs;
}

async function waitForEnd(run: PendingRun, { call, timeoutMs, report }: Omit<RecoverOptions, 'finder' | 'aside'>): Promise<void> {
  const { host, object, signal } = call;
  const identity = await settleRun(host, run);
  if (!identity) return;
  const begun = host.clock.monotonic();
  const log = new RunLog(host, run.logFile, call.onMessage);
  // A plan that nobody waits for any more is asked to end; what writes may not be disturbed.
  if (run.command === 'plan') await host.processes.signal(identity, 'SIGINT');
  while (await host.processes.isAlive(identity)) {
    if (host.clock.monotonic() - begun > timeoutMs) {
      throw new SlipwayError(
        'SLW-TOF-014',
        `tofu ${run.command} of ${object} (process ${identity.pid}) is still at work after ${Math.round(timeoutMs / 1000)}s`,
        { object },
      );
    }
    const message = `tofu ${run.command} of an earlier run is still at work (process ${identity.pid})`;
    await log.readOn();
    report({ type: 'waiting', object, reason: 'EarlierRunAtWork', message, boundMs: timeoutMs });
    await host.clock.sleep(POLL_MS, signal);
  }
  await endOrphans(host, identity, signal);
}

/** Providers outlive a tofu that was killed, and may go on with what it had asked of them: nothing may be made while we look. */
async function endOrphans(host: Host, identity: ProcessIdentity, signal: AbortSignal): Promise<void> {
  for (let tries = 0; tries < ORPHAN_TRIES && (await host.processes.endSession(identity)) > 0; tries++)
    await host.clock.sleep(POLL_MS, signal);
}

/** After `init`: the rest. Safe to call again after a kill anywhere inside. */
export async function recover(options: RecoverOptions, dead: readonly PendingRun[]): Promise<void> {
  const { call } = options;
  const { host, workspace } = call;
  const logs = await Promise.all(dead.map((run) => readRunLog(host, run)));
  const dump = logs.map((log) => log.result().stateDump).findLast((message) => message !== undefined);
  if (dump) await keepDump(call, dump.state);
  if (dead.some(({ command, isOver }) => isOver !== true && !LOCKLESS.includes(command))) await freeLock(call, dead);
  await pushErrored(call);
  const applied = logs.filter((_, index) => dead[index]?.command === 'apply').flatMap(({ messages }) => messages);
  if (applied.length > 0) await adoptLost(options, applied);
  for (const run of dead) await forgetRun(host, workspace.dir, run);
}
