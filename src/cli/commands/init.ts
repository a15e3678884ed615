/** `slipway init [FOLDER]`: a first slipway.yaml with its schema beside it; never replaces a file. */
import { basename, join, resolve } from 'node:path';
import { isFault, parseAddress } from '../../config/address.ts';
import { projectSchema } from '../../config/schema.ts';
import { renderStarter, SCHEMA_FILE, type StarterOptions } from '../../config/starter.ts';
import { SlipwayError } from '../../core/errors.ts';
import { exits } from '../../core/exits.ts';
import { isLabel } from '../../core/ids.ts';
import type { CommandRun, Session } from '../context.ts';
import type { GlobalFlags } from '../flags.ts';
import { renderStarterFleet } from '../starter-fleet.ts';

export interface InitFlags extends GlobalFlags {
  readonly name?: string;
  readonly provisioner?: 'local' | 'existing';
  readonly repository?: string;
  readonly branch?: string;
  readonly path?: string;
  readonly kubeconfig?: string;
  readonly fleet: boolean;
}

export interface InitAnswers extends StarterOptions {
  readonly fleet: boolean;
}

const run: CommandRun<InitFlags, readonly [string?]> = async (session, flags, [folder]) => {
  const target = resolve(session.host.env.cwd, folder ?? '.');
  const answers = asksPerson(session, flags) ? await askPerson(session, target) : fromFlags(flags, target);
  if (!answers) {
    session.say('Nothing was written.');
    return exits.failed;
  }
  if (!isLabel(answers.name)) {
    throw new SlipwayError('SLW-CLI-002', `the name "${answers.name}" is no RFC 1123 label: lower-case letters, digits and "-"`, {
      fix: 'give one with --name',
    });
  }
  const files = await writeAll(session, target, render(answers));
  const absent = await absentFolder(session, target, answers);
  const where = folder === undefined ? '' : ` -f ${folder}`;
  session.result('init', { folder: target, files }, [
    ...files.map((file) => `wrote ${file}`),
    ...(absent === undefined ? [] : [`There is no folder ${absent} yet: Flux is to apply it.`]),
    '',
    `Next: slipway plan${where}, then slipway up${where}`,
  ]);
  return exits.done;
};

/** The folder that is to be applied, when it is one of this machine and not there. */
async function absentFolder({ host }: Session, target: string, { repository }: InitAnswers): Promise<string | undefined> {
  const address = repository === undefined ? undefined : parseAddress(repository, target);
  if (!address || isFault(address) || address.kind !== 'path') return undefined;
  return (await host.files.stat(address.path)) ? undefined : address.path;
}

function asksPerson(session: Session, flags: InitFlags): boolean {
  const given = [flags.name, flags.provisioner, flags.repository, flags.branch, flags.path, flags.kubeconfig].some(
    (value) => value !== undefined,
  );
  return session.mode === 'tty' && session.terminal.canPrompt && !given && !flags.fleet;
}

async function askPerson(session: Session, target: string): Promise<InitAnswers | undefined> {
  const { askStarter } = await import('../wizard.ts');
  return askStarter(session, suggestName(target));
}

function fromFlags(flags: InitFlags, target: string): InitAnswers {
  const repository = flags.fleet ? './fleet' : flags.repository;
  if (flags.fleet && flags.repository !== undefined) {
    throw new SlipwayError('SLW-CLI-002', '--fleet writes the folder ./fleet, so --repository cannot name another one', {
      fix: 'leave one of the two out',
    });
  }
  return {
    name: flags.name ?? suggestName(target),
    provisioner: flags.provisioner ?? 'local',
    fleet: flags.fleet,
    ...given({ repository, branch: flags.branch, path: flags.path, kubeconfig: flags.kubeconfig }),
  };
}

/** Without what was left out. */
function given<T extends Readonly<Record<string, string | undefined>>>(values: T): { readonly [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as { readonly [K in keyof T]?: string };
}

/** The folder's name as a label, else `demo`. */
function suggestName(target: string): string {
  const name = basename(target)
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
    .replace(/^-+|-+$/g, '');
  return name === '' ? 'demo' : name;
}

function render(answers: InitAnswers): Readonly<Record<string, string>> {
  const { fleet, ...starter } = answers;
  const fleetFiles = fleet
    ? Object.entries(renderStarterFleet(answers.name)).map(([path, text]) => [join('fleet', path), text] as const)
    : [];
  return {
    'slipway.yaml': renderStarter(starter),
    [SCHEMA_FILE]: `${JSON.stringify(projectSchema(), null, 2)}\n`,
    ...Object.fromEntries(fleetFiles),
  };
}

/** All or nothing: what is in the way is found before the first file is written. An older schema file is no loss. */
async function writeAll({ host }: Session, target: string, files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  const names = Object.keys(files);
  for (const name of [...names, 'slipway']) {
    if (name !== SCHEMA_FILE && (await host.files.stat(join(target, name))))
      throw new SlipwayError('SLW-CLI-006', `${join(target, name)} is already there`);
  }
  for (const name of names) {
    await host.files.mkdir(join(target, name, '..'), 0o755);
    await host.files.writeAtomic(join(target, name), files[name] ?? '', { mode: 0o644 });
  }
  return names.map((name) => join(target, name));
}

export default run;
