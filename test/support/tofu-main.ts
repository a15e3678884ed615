/**
 * One run of the engine over the step of one module, in a process of its own that a test may kill. What it says goes to stdout, one
 * report a line. argv: up|down|plan SETTINGS_FILE. Exit: that of the run; a thrown error's code is the last line.
 */
import { existsSync, readFileSync } from 'node:fs';
import { isSlipwayError, SlipwayErrors } from '../../src/core/errors.ts';
import { Redactor } from '../../src/core/redaction.ts';
import { foldLedger } from '../../src/engine/ledger.ts';
import { acquireLock } from '../../src/engine/lock.ts';
import { makePlan } from '../../src/engine/plan.ts';
import { runDown, runUp } from '../../src/engine/run.ts';
import { openState, prepareStateFolder } from '../../src/engine/state-folder.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { tofuStep, tofuUndoHandler } from '../../src/tofu/steps.ts';
import { DESTROY } from '../../src/tofu/undo.ts';
import type { TofuSettings } from './tofu-bed.ts';

const [verb = 'up', settingsFile = ''] = process.argv.slice(2);
const settings = JSON.parse(readFileSync(settingsFile, 'utf8')) as TofuSettings;
const host = createNodeHost();
const say = (line: unknown): void => void process.stdout.write(`${typeof line === 'string' ? line : JSON.stringify(line)}\n`);

const cancel = new AbortController();
process.once('SIGINT', () => cancel.abort(new DOMException('interrupted', 'AbortError')));

/** As a cloud is asked by tag: what was made under the name of the resource, and when last. */
function findInWorld(lost: readonly { readonly address: string }[]): readonly { readonly address: string; readonly id: string }[] {
  const lines = existsSync(settings.world ?? '') ? readFileSync(settings.world ?? '', 'utf8').split('\n') : [];
  const made = new Map(lines.flatMap((line) => (line.startsWith('+ ') ? [line.split(' ').slice(1, 3) as [string, string]] : [])));
  return lost.flatMap(({ address }) => {
    const id = made.get(/"(.+)"/.exec(address)?.[1] ?? '');
    return id === undefined ? [] : [{ address, id }];
  });
}

async function main(): Promise<number> {
  await prepareStateFolder(host, settings.stateDir);
  const lock = await acquireLock(host, settings.stateDir, 'up');
  const { journal } = await openState(host, settings.stateDir);
  try {
    const ledger = foldLedger(journal.read());
    const { toolchainDir, timeoutMs = 120_000 } = settings;
    const { dir, source, variables, backend, secrets, precious } = settings;
    const step = tofuStep({
      ...{ id: 'test/apply-module/main', title: 'apply the module', subject: 'Network/main', needs: [], dir, source, toolchainDir },
      inputs: async () => ({ variables, backend, ...(secrets && { secrets }) }),
      destroys: 'Network/main',
      ...(precious && { precious }),
      ...(settings.world !== undefined && {
        finder: () => ({
          derived: new Set<string>(),
          find: async (lost) => findInWorld(lost).map((found) => (settings.isUnsure ? { ...found, fits: () => 'yes' as const } : found)),
        }),
      }),
    });
    const undoHandlers = new Map([[DESTROY, tofuUndoHandler({ toolchainDir })]]);
    const report = (step: string, told: unknown): void => say({ step, ...(told as object) });
    const environment = { host, signal: cancel.signal, timeoutMs, ledger, report };
    const plan = await makePlan(
      { project: 'demo', verb: verb === 'down' ? 'down' : 'up', steps: verb === 'down' ? [] : [step], undoHandlers },
      environment,
    );
    say({ type: 'plan', counts: plan.counts, changes: plan.steps.map(({ change }) => change) });
    if (verb === 'plan') return 0;
    const run = {
      host,
      slipway: '0',
      plan,
      undoHandlers,
      journal,
      ledger,
      redactor: new Redactor(),
      emit: say,
      signal: cancel.signal,
      timeoutMs,
    };
    const outcome = verb === 'down' ? await runDown(run) : await runUp({ ...run, steps: [step] });
    say({ type: 'outputs', outputs: ledger.get('test/apply-module/main')?.outputs ?? null });
    return outcome.exit;
  } finally {
    journal.close();
    await lock.release();
  }
}

try {
  process.exitCode = await main();
} catch (thrown) {
  const errors = thrown instanceof SlipwayErrors ? thrown.errors : [thrown];
  for (const error of errors)
    say(isSlipwayError(error) ? { type: 'thrown', code: error.code, message: error.message } : { type: 'thrown', message: String(error) });
  process.exitCode = isSlipwayError(thrown) ? thrown.exit : 1;
}
