/** Planted secrets, and eyes everywhere that they must not come to: outputs, files, argv and environment of every process. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type Canaries = Readonly<Record<string, string>>;

export const canaryToken = (name: string): string => `canary-${name}-${randomBytes(12).toString('hex')}`;

/** An OpenSSH private key; the file is 0600. */
export function createSshKey(path: string): string {
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'canary', '-f', path]);
  return readFileSync(path, 'utf8');
}

/** `name (form)` for each canary of which the text holds the whole or a telling part, also encoded. */
export function canariesIn(text: string, canaries: Canaries): readonly string[] {
  return Object.entries(canaries).flatMap(([name, secret]) =>
    [...formsOf(secret)].filter(([, needle]) => text.includes(needle)).map(([form]) => `${name} (${form})`),
  );
}

function* formsOf(secret: string): Generator<readonly [form: string, needle: string]> {
  const lines = secret.split('\n').filter((line) => line.length >= 20 && !line.startsWith('-----'));
  for (const line of lines) {
    yield ['as it is', line];
    yield ['its middle', line.slice(Math.floor(line.length / 4), Math.ceil((line.length * 3) / 4))];
    yield ['in hexadecimal', Buffer.from(line).toString('hex')];
    if (encodeURIComponent(line) !== line) yield ['in a URL', encodeURIComponent(line)];
  }
  for (const text of [secret, ...lines]) {
    // What stands before it in the encoded text shifts the alphabet by 0, 1 or 2 bytes; the first and last characters depend on neighbours.
    for (const shift of [0, 1, 2])
      yield [
        'in base64',
        Buffer.from(`${'x'.repeat(shift)}${text}`)
          .toString('base64')
          .slice(shift === 0 ? 0 : 4, -4)
          .slice(0, 60),
      ];
  }
}

/** Commands that stand before the real ones on PATH and write down argv and the names of their environment. */
export interface CommandRecorder {
  readonly path: string;
  calls(): string;
  /** The named command was called through us. */
  saw(command: string): boolean;
}

export function recordCommands(dir: string, commands: readonly string[]): CommandRecorder {
  const bin = join(dir, 'bin');
  const log = join(dir, 'calls');
  mkdirSync(bin, { recursive: true });
  for (const command of commands) {
    // The shim is a shell script: it must not call what it stands before, nor be what it runs in.
    if (command === 'sh') throw new RangeError('sh cannot record itself');
    const real = (process.env['PATH'] ?? '')
      .split(delimiter)
      .map((folder) => join(folder, command))
      .find((path) => existsSync(path));
    if (real === undefined) continue;
    writeFileSync(
      join(bin, command),
      `#!/bin/sh\n{ printf '%s' '${command}'; printf ' [%s]' "$@"; printf ' env:'; export -p; printf '\\n'; } >>'${log}'\nexec '${real}' "$@"\n`,
    );
    chmodSync(join(bin, command), 0o755);
  }
  const calls = (): string => (existsSync(log) ? readFileSync(log, 'utf8') : '');
  return {
    path: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
    calls,
    saw: (command) =>
      calls()
        .split('\n')
        .some((line) => line.startsWith(`${command} [`)),
  };
}

export interface ProcessSpy {
  /** Where a canary was seen: pid, argv and what. */
  readonly sightings: readonly string[];
  /** Programs that were looked at. */
  readonly programs: ReadonlySet<string>;
  /** Every argv that was looked at: for secrets that are known only afterwards. */
  readonly argvs: ReadonlySet<string>;
  stop(): void;
}

/** Looks at argv of every process, and at the environment of all but the command line itself (which is given the secrets there). */
export function spyOnProcesses(canaries: Canaries): ProcessSpy {
  const sightings: string[] = [];
  const programs = new Set<string>();
  const argvs = new Set<string>();
  const known = new Map<string, string>();
  const look = (): void => {
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
      const argv = read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
      if (known.get(pid) === argv) continue;
      known.set(pid, argv);
      argvs.add(argv);
      programs.add(argv.split(' ')[0]?.split('/').at(-1) ?? '');
      const isCommandLine = argv.includes('src/cli/main.ts') && !argv.includes(' serve ');
      const environment = isCommandLine ? '' : read(`/proc/${pid}/environ`);
      for (const found of [
        ...canariesIn(argv, canaries).map((each) => `${each} in argv`),
        ...canariesIn(environment, canaries).map((each) => `${each} in the environment`),
      ])
        sightings.push(`${found} of ${pid} ${argv.slice(0, 200)}`);
    }
  };
  look();
  const timer = setInterval(look, 15);
  return { sightings, programs, argvs, stop: () => clearInterval(timer) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
