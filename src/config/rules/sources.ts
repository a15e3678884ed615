/** Where repositories are and how Flux authenticates there: the two must fit. */
import type { SlipwayError } from '../../core/errors.ts';
import { type Address, isFault, parseAddress } from '../address.ts';
import { GITOPS_PATHS, type Unit } from '../document.ts';
import { error, showField, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

export interface SourceCheck {
  readonly errors: readonly SlipwayError[];
  /** Warnings, as errors that nobody throws. */
  readonly warnings: readonly SlipwayError[];
  /** Folders that must exist, with the field that names them. */
  readonly folders: readonly { readonly path: FieldPath; readonly folder: string }[];
}

interface Source {
  readonly unit: Unit;
  /** Path of `git`. */
  readonly path: FieldPath;
  readonly address: Address;
  readonly sshHosts: ReadonlySet<string>;
}

/** `units` are all documents: the Project may say how to authenticate at a server. */
export function checkSources(unit: Unit, units: readonly Unit[] = []): SourceCheck {
  const paths = GITOPS_PATHS.flatMap((gitops) =>
    keysAt(unit, [...gitops, 'repositories']).map((name) => [...gitops, 'repositories', name]),
  );
  const sshHosts = findSshHosts(units);
  const checks = paths.map((path) => checkGit(unit, [...path, 'git'], sshHosts));
  const oci = paths.flatMap((path) => warnPlainOci(unit, [...path, 'oci']));
  return {
    errors: checks.flatMap((check) => check.errors),
    warnings: [...checks.flatMap((check) => check.warnings), ...oci],
    folders: checks.flatMap((check) => check.folders),
  };
}

function keysAt(unit: Unit, path: FieldPath): readonly string[] {
  const value = valueAt(unit.document.value, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

/** Git servers of the site for which host keys are known. */
function findSshHosts(units: readonly Unit[]): ReadonlySet<string> {
  const path = ['spec', 'site', 'gitServers'];
  const projects = units.filter(({ kind }) => kind === 'Project');
  return new Set(projects.flatMap((unit) => keysAt(unit, path).filter((host) => has(unit, [...path, host, 'ssh']))));
}

function checkGit(unit: Unit, path: FieldPath, sshHosts: ReadonlySet<string>): SourceCheck {
  const none: SourceCheck = { errors: [], warnings: [], folders: [] };
  const urlPath = [...path, 'url'];
  const url = valueAt(unit.document.value, urlPath);
  if (typeof url !== 'string' || url === '') return none;
  const address = parseAddress(url, unit.document.folder);
  if (isFault(address)) {
    return {
      ...none,
      errors: [
        error(address.code, `${showField(urlPath)} ${address.message}`, {
          context: unit,
          path: urlPath,
          ...(address.fix !== undefined && { fix: address.fix }),
        }),
      ],
    };
  }
  const source = { unit, path, address, sshHosts };
  return {
    errors: checkFit(source),
    warnings: warnPlainHttp(source),
    folders: address.kind === 'path' ? [{ path: urlPath, folder: address.path }] : [],
  };
}

interface Misfit {
  /** Field whose presence is judged, below `git`. */
  readonly field: FieldPath;
  readonly kinds: readonly Address['kind'][];
  readonly message: string;
}

const MISFITS: readonly Misfit[] = [
  { field: ['auth', 'token'], kinds: ['ssh'], message: 'is a token, but the URL is ssh://' },
  { field: ['auth', 'ssh'], kinds: ['http', 'https'], message: 'is an SSH key, but the URL is http(s)://' },
  { field: ['auth'], kinds: ['path'], message: 'is given, but the repository is a path' },
  { field: ['caBundle'], kinds: ['path', 'ssh', 'http'], message: 'is given, but the URL is not https://' },
];

function checkFit({ unit, path, address, sshHosts }: Source): readonly SlipwayError[] {
  const errors = MISFITS.filter(({ field, kinds }) => kinds.includes(address.kind) && has(unit, [...path, ...field])).map(
    ({ field, message }) =>
      error('SLW-CFG-038', `${showField([...path, ...field])} ${message}`, { context: unit, path: [...path, ...field], part: 'key' }),
  );
  if (address.kind === 'ssh' && !has(unit, [...path, 'auth']) && !sshHosts.has(new URL(address.url).host)) {
    const fix = 'add auth: {ssh: {knownHosts: {file: ./known_hosts}}}; the deploy key is generated';
    errors.push(
      error('SLW-CFG-038', `${showField([...path, 'url'])} is ssh://, but no host key is trusted`, {
        context: unit,
        path: [...path, 'url'],
        fix,
      }),
    );
  }
  return [...errors, ...checkUsername(unit, path)];
}

function checkUsername(unit: Unit, path: FieldPath): readonly SlipwayError[] {
  const username = [...path, 'auth', 'username'];
  if (!has(unit, username) || !has(unit, [...path, 'auth', 'ssh'])) return [];
  return [
    error('SLW-CFG-038', `${showField(username)} goes with a token, but ssh takes the user from the URL`, {
      context: unit,
      path: username,
      part: 'key',
      fix: 'write the user into the URL: ssh://USER@host/path',
    }),
  ];
}

function warnPlainHttp({ unit, path, address }: Source): readonly SlipwayError[] {
  if (address.kind !== 'http' || !has(unit, [...path, 'auth', 'token']) || isLoopback(address.url)) return [];
  return [error('SLW-CFG-039', `the token of ${showField(path)} is sent over plain http`, { context: unit, path: [...path, 'url'] })];
}

function warnPlainOci(unit: Unit, path: FieldPath): readonly SlipwayError[] {
  if (valueAt(unit.document.value, [...path, 'insecure']) !== true || !has(unit, [...path, 'auth'])) return [];
  return [
    error('SLW-CFG-039', `the password of ${showField(path)} is sent over plain http`, {
      context: unit,
      path: [...path, 'insecure'],
      fix: 'remove insecure: true',
    }),
  ];
}

function isLoopback(url: string): boolean {
  return /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(new URL(url).hostname);
}

function has(unit: Unit, path: FieldPath): boolean {
  return valueAt(unit.document.value, path) !== undefined;
}
