/** A folder with one module and one state, the real tofu, and runs that may be killed. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Json } from '../../src/core/digest.ts';
import { createNodeHost } from '../../src/host/node.ts';
import { provideBinaries } from '../../src/toolchain/provide.ts';

export interface TofuSettings {
  readonly stateDir: string;
  readonly dir: string;
  readonly source: string;
  readonly toolchainDir: string;
  readonly variables: Readonly<Record<string, Json>>;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly backend: { readonly type: string; readonly config?: Readonly<Record<string, Json>> };
  readonly precious?: readonly string[];
  readonly timeoutMs?: number;
  /** File that the module's provisioners write: `+ NAME ID` when something is made, `- NAME ID` when it is destroyed. */
  readonly world?: string;
  /** What is found there has to be looked at before it counts. */
  readonly isUnsure?: boolean;
}

/** Things that leave a mark in a file when they are made and destroyed, as in a cloud; each takes a moment. */
export const MARKING_MODULE = `
variable "names" { type = list(string) }
variable "world" { type = string }
variable "pause" {
  type    = string
  default = "0.15"
}
resource "terraform_data" "thing" {
  for_each = toset(var.names)
  input    = { name = each.key, world = var.world, pause = var.pause }
  provisioner "local-exec" {
    command = "echo \\"+ \${self.input.name} \${self.id}\\" >> \${self.input.world}; sleep \${self.input.pause}"
  }
  provisioner "local-exec" {
    when    = destroy
    command = "echo \\"- \${self.input.name} \${self.id}\\" >> \${self.input.world}"
  }
}
output "ids" { value = { for name, thing in terraform_data.thing : name => thing.id } }
`;

/** Ids by name, from such a file; a name that stands for two things gives both. */
export function readWorld(file: string): Readonly<Record<string, readonly string[]>> {
  const world: Record<string, string[]> = {};
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    const [sign, name = '', id = ''] = line.split(' ');
    if (sign === '+') (world[name] ??= []).push(id);
    if (sign === '-') world[name] = (world[name] ?? []).filter((other) => other !== id);
  }
  return Object.fromEntries(Object.entries(world).filter(([, ids]) => ids.length > 0));
}

export interface Report {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface RunEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly reports: readonly Report[];
}

export interface Running {
  readonly child: ChildProcess;
  readonly reports: Report[];
  readonly ended: Promise<RunEnd>;
  /** Resolves at the first report that fits; the test's own timeout is the bound. */
  until(fits: (report: Report) => boolean): Promise<Report>;
}

export interface TofuBed {
  readonly root: string;
  readonly tofu: string;
  settings: TofuSettings;
  writeModule(text: string): void;
  start(verb: 'up' | 'down' | 'plan'): Running;
  run(verb: 'up' | 'down' | 'plan'): Promise<RunEnd>;
  /** By hand, in the work folder; stdout. Blocks: not for a backend that this process serves. */
  tofuByHand(...args: readonly string[]): string;
  /** Ids by address, decrypted by tofu itself. */
  stateIds(): Readonly<Record<string, string>>;
  /** The tofu that runs in the folder now, if its record is written. */
  tofuPid(): number | undefined;
  /** Text of every log in the work folder. */
  logs(): string;
  close(): void;
}

/** The built tofu, in a folder of its own; built first when it is in no cache. */
export async function builtTofu(): Promise<string> {
  const [found] = await provideBinaries(createNodeHost(), ['tofu'], { signal: new AbortController().signal, report: () => undefined });
  if (!found) throw new Error('no tofu');
  return found.path;
}

const MAIN = join(import.meta.dirname, 'tofu-main.ts');

/** `module` is the text of main.tf. */
export async function createTofuBed(module: string, variables: TofuSettings['variables'] = {}): Promise<TofuBed> {
  const tofu = await builtTofu();
  const root = mkdtempSync(join(tmpdir(), 'slipway-tofu-'));
  const source = join(root, 'module');
  mkdirSync(source);
  writeFileSync(join(source, 'main.tf'), module);
  const dir = join(root, 'state', 'tofu', 'main');
  const bed: TofuBed = {
    root,
    tofu,
    settings: { stateDir: join(root, 'state'), dir, source, toolchainDir: dirname(tofu), variables, backend: { type: 'local' } },
    writeModule: (text) => writeFileSync(join(source, 'main.tf'), text),
    start: (verb) => start(bed, verb),
    run: (verb) => start(bed, verb).ended,
    tofuByHand: (...args) =>
      execFileSync(tofu, args, { cwd: dir, encoding: 'utf8', env: environment(), stdio: ['ignore', 'pipe', 'pipe'] }),
    stateIds: () => stateIds(bed),
    tofuPid: () => pidIn(dir),
    logs: () => logsOf(dir),
    close: () => rmSync(root, { recursive: true, force: true }),
  };
  return bed;
}

/** Nothing of the machine's own settings of tofu. */
function environment(): NodeJS.ProcessEnv {
  const { TF_CLI_CONFIG_FILE: _, ...rest } = process.env;
  return rest;
}

function start({ root, settings }: TofuBed, verb: string): Running {
  const file = join(root, 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, verb, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: environment(),
  });
  const reports: Report[] = [];
  const waiting: { readonly fits: (report: Report) => boolean; readonly resolve: (report: Report) => void }[] = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const report = JSON.parse(line) as Report;
      reports.push(report);
      for (const waiter of waiting) if (waiter.fits(report)) waiter.resolve(report);
    }
  });
  const ended = new Promise<RunEnd>((resolve) => child.once('close', (code, signal) => resolve({ code, signal, reports })));
  const until = async (fits: (report: Report) => boolean): Promise<Report> => {
    const there = reports.find(fits);
    if (there) return there;
    const next = new Promise<Report>((resolve) => waiting.push({ fits, resolve }));
    const end = ended.then((): never => {
      throw new Error(`the run ended without it: ${JSON.stringify(reports.slice(-5))}`);
    });
    return Promise.race([next, end]);
  };
  return { child, reports, ended, until };
}

const stateIds = (bed: TofuBed): Readonly<Record<string, string>> => idsIn(bed.tofuByHand('state', 'pull'));

/** Ids by address, from the text of a state. */
export function idsIn(text: string): Readonly<Record<string, string>> {
  if (text.trim() === '') return {};
  const { resources = [] } = JSON.parse(text) as {
    resources?: { type: string; name: string; instances: { index_key?: Json; attributes: { id: string } }[] }[];
  };
  return Object.fromEntries(
    resources.flatMap(({ type, name, instances }) =>
      instances.map(({ index_key: key, attributes }) => [
        `${type}.${name}${key === undefined ? '' : `[${JSON.stringify(key)}]`}`,
        attributes.id,
      ]),
    ),
  );
}

function pidIn(dir: string): number | undefined {
  const folder = join(dir, '.slipway');
  const name = existsSync(folder) ? readdirSync(folder).find((file) => /^[0-9a-f]{12}\.pid$/.test(file)) : undefined;
  return name === undefined ? undefined : (JSON.parse(readFileSync(join(folder, name), 'utf8')) as { pid: number }).pid;
}

function logsOf(dir: string): string {
  const folder = join(dir, '.slipway');
  if (!existsSync(folder)) return '';
  const names = readdirSync(folder).filter((name) => name.endsWith('.log'));
  return names.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
}

export const findReport = (end: RunEnd, type: string): Report | undefined => end.reports.find((report) => report.type === type);
