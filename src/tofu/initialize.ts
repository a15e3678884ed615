/** `tofu init`, only when something it depends on has changed since it last succeeded here. */
import { join } from 'node:path';
import { digestOf, sha256, type Json } from '../core/digest.ts';
import { isSlipwayError, type SlipwayError, SlipwayErrors } from '../core/errors.ts';
import { initArguments, migrateArguments } from './arguments.ts';
import { runOrThrow, type TofuCall } from './commands.ts';
import { providerCache } from './environment.ts';
import { privateDir } from './runner.ts';
import { LOCK_FILE, writeModule } from './work-folder.ts';
import type { TofuModule } from './workspace.ts';

interface InitRecord {
  readonly digest: string;
  readonly backend: string;
}

const recordPath = (dir: string): string => join(privateDir(dir), 'init.json');

/**
 * Fills the folder and makes it ready for every other command. A state in another backend than before is taken along. True: init
 * was run. @throws SLW-TOF-003, SLW-TOF-004, SLW-TOF-008
 */
export async function initialize(call: TofuCall, module: TofuModule): Promise<boolean> {
  const { host, workspace } = call;
  const written = await writeModule(host, workspace, module);
  const backend = digestOf({ ...module.backend } as Json);
  const wanted = async (): Promise<string> => digestOf({ written, backend, ...(await surroundings(call)) });
  const before = await readRecord(call);
  if (before?.digest === (await wanted())) return false;
  const cache = workspace.env['TF_PLUGIN_CACHE_DIR'];
  if (cache === providerCache(host)) await host.files.mkdir(cache);
  const moves = before !== undefined && before.backend !== backend;
  await runInit(call, moves);
  await host.files.writeAtomic(recordPath(workspace.dir), `${JSON.stringify({ digest: await wanted(), backend })}\n`);
  return true;
}

async function runInit(call: TofuCall, moves: boolean): Promise<void> {
  try {
    await runOrThrow(call, moves ? migrateArguments() : initArguments());
  } catch (thrown) {
    if (!says(thrown, OUTGROWN)) throw thrown;
    await runOrThrow(call, initArguments({ upgrade: true }));
  }
}

/** The module of a newer Slipway wants another version of a provider than the lock file of the folder has. */
const OUTGROWN = /must use (?:tofu|terraform) init -upgrade/;

/** What else `init` has looked at: the program, the lock file, what tells where providers come from, what it made. */
async function surroundings({ host, workspace }: TofuCall): Promise<Readonly<Record<string, Json>>> {
  const { binary, dir, env } = workspace;
  const config = env['TF_CLI_CONFIG_FILE'];
  const [lock, settings, made] = await Promise.all([
    host.files.readText(join(dir, LOCK_FILE)),
    config === undefined ? undefined : host.files.readText(config),
    host.files.list(join(dir, '.terraform')),
  ]);
  return { binary: { ...binary }, lock: sha256(lock ?? ''), settings: sha256(settings ?? ''), made: [...made] };
}

/** The next `initialize` runs `init` whatever is recorded. */
export async function forgetInit({ host, workspace }: TofuCall): Promise<void> {
  const record = await readRecord({ host, workspace });
  if (record) await host.files.writeAtomic(recordPath(workspace.dir), `${JSON.stringify({ ...record, digest: '' })}\n`);
}

const UNREADY =
  /Required plugins are not installed|Inconsistent dependency lock file|Backend initialization required|Module not installed|[Pp]lease run "?(?:tofu|terraform) init|missing or corrupted provider plugins/;

/** Whether a failure says that what `init` made is gone (a cache that was emptied). */
export const needsInit = (thrown: unknown): boolean => says(thrown, UNREADY);

function says(thrown: unknown, pattern: RegExp): boolean {
  const errors = thrown instanceof SlipwayErrors ? thrown.errors : isSlipwayError(thrown) ? [thrown] : [];
  const textOf = ({ message, data }: SlipwayError): string =>
    [message, data?.['summary'], data?.['detail']].join(' ').replaceAll(/\s+/g, ' ');
  return errors.some((error) => pattern.test(textOf(error)));
}

async function readRecord({ host, workspace }: Pick<TofuCall, 'host' | 'workspace'>): Promise<InitRecord | undefined> {
  const text = await host.files.readText(recordPath(workspace.dir));
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as InitRecord;
  } catch {
    return undefined;
  }
}
