/** States as files: one that is half written, the copy that mends it, one that could not be saved where it belongs. */
import { join } from 'node:path';
import { messageOf, SlipwayError } from '../core/errors.ts';
import type { StepReport } from '../engine/step.ts';
import { erroredFile, statePush, type TofuCall } from './commands.ts';
import { stateFile, stateForm } from './encryption.ts';
import { privateDir, readPendingRuns } from './runner.ts';

/**
 * Before `init`: makes a local state readable again. A file that is half written or empty is replaced by tofu's backup or by the
 * copy from before the run; what was made since is in the log of that run. @throws SLW-TOF-015
 */
export async function mendStateFile({ host, workspace, object }: TofuCall, report: (report: StepReport) => void): Promise<void> {
  const { dir } = workspace;
  if ((await stateForm(host, dir)) !== 'broken') return;
  const copies = await Promise.all([`${stateFile(dir)}.backup`, copyPath(dir)].map((path) => host.files.readText(path)));
  const [newest] = copies
    .flatMap((text) => (text !== undefined && isJson(text) ? [text] : []))
    .sort((a, b) => (headOf(b)?.serial ?? 0) - (headOf(a)?.serial ?? 0));
  if (newest !== undefined) {
    await host.files.writeAtomic(stateFile(dir), newest, { mode: 0o600 });
    report({
      type: 'finding',
      level: 'warning',
      code: 'SLW-TOF-015',
      message: `the state of ${object} was half written; the copy from before the last run was taken`,
    });
    return;
  }
  // There was none before the first apply, and that died while it wrote its first: its log tells what it made.
  const runs = await readPendingRuns(host, dir);
  if (runs.some(({ command }) => command === 'apply')) return host.files.remove(stateFile(dir));
  throw new SlipwayError('SLW-TOF-015', `${stateFile(dir)} cannot be read and there is no copy of it`, { object });
}

const copyPath = (dir: string): string => join(privateDir(dir), 'before.tfstate');

/** Before and after an apply: what tofu's own backup may fail to be, since it is written late and only sometimes. */
export async function keepStateCopy({ host, workspace }: TofuCall): Promise<void> {
  const text = await host.files.readText(stateFile(workspace.dir));
  if (text !== undefined && isJson(text)) await host.files.writeAtomic(copyPath(workspace.dir), text, { mode: 0o600 });
  else await host.files.remove(copyPath(workspace.dir));
}

/** @throws SLW-TOF-016 when it still cannot be saved */
export async function pushErrored(call: TofuCall): Promise<void> {
  const { host, workspace, object } = call;
  const path = erroredFile(workspace.dir);
  const text = await host.files.readText(path);
  if (text === undefined) return;
  try {
    // `state push` reads no encrypted file. A local state has the same key: the file itself is what was to be written.
    if (text.includes('"encrypted_data"')) await replaceLocal(call, text);
    else await statePush(call, path);
  } catch (thrown) {
    if (call.signal.aborted) throw thrown;
    throw new SlipwayError('SLW-TOF-016', `${path} cannot be pushed: ${messageOf(thrown)}`, {
      object,
      cause: thrown,
    });
  }
  await host.files.remove(path);
}

async function replaceLocal({ host, workspace }: TofuCall, text: string): Promise<void> {
  const before = headOf(await host.files.readText(stateFile(workspace.dir)));
  const after = headOf(text);
  if (before && (before.lineage !== after?.lineage || before.serial > (after?.serial ?? 0))) {
    throw new SlipwayError(
      'SLW-TOF-016',
      `the state has moved on to serial ${before.serial} of ${before.lineage} since errored.tfstate was written`,
    );
  }
  await host.files.writeAtomic(stateFile(workspace.dir), text, { mode: 0o600 });
}

interface StateHead {
  readonly lineage: string;
  readonly serial: number;
}

function headOf(text: string | undefined): StateHead | undefined {
  if (text === undefined || !isJson(text)) return undefined;
  const { lineage = '', serial = 0 } = JSON.parse(text) as Partial<StateHead>;
  return { lineage, serial };
}

function isJson(text: string): boolean {
  try {
    return typeof JSON.parse(text) === 'object';
  } catch {
    return false;
  }
}
