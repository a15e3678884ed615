/** Which files make up a project, and their text. The only place of config that reads project files. */
import { basename, dirname, join, relative, resolve } from 'node:path';
import { SlipwayError, type SourcePosition } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import type { SourceText } from './source.ts';

export const MAX_FILE_BYTES = 4 * 1024 * 1024;

const PROJECT_FILE = 'slipway.yaml';
const PROJECT_FOLDER = 'slipway';

export interface ProjectFiles {
  /** Folder of the project, absolute: `.slipway` lies in it. */
  readonly dir: string;
  /** Absolute, in reading order. */
  readonly files: readonly string[];
}

/**
 * Finds the files of a project: exactly `file` when it is a file; else its slipway.yaml, or slipway/*.yaml in byte order.
 * @throws SlipwayError SLW-CFG-001, SLW-CFG-002
 */
export async function findProjectFiles(host: Host, file: string): Promise<ProjectFiles> {
  const path = resolve(host.env.cwd, file);
  const kind = await kindOf(host, path);
  if (kind === 'dir') return await findInFolder(host, path);
  if (kind === undefined) throw noProject(start(host, path), `there is no file or folder ${showPath(host, path)}`);
  return { dir: dirname(path), files: [path] };
}

async function findInFolder(host: Host, dir: string): Promise<ProjectFiles> {
  const single = join(dir, PROJECT_FILE);
  const several = await yamlFilesIn(host, join(dir, PROJECT_FOLDER));
  const hasSingle = (await kindOf(host, single)) !== undefined;
  if (hasSingle && several.length > 0)
    throw new SlipwayError('SLW-CFG-002', `both ${PROJECT_FILE} and ${PROJECT_FOLDER}/ are in ${showPath(host, dir)}`, {
      at: start(host, single),
    });
  if (hasSingle) return { dir, files: [single] };
  if (several.length > 0) return { dir, files: several };
  throw await explainNothingFound(host, dir);
}

async function yamlFilesIn(host: Host, folder: string): Promise<readonly string[]> {
  if ((await kindOf(host, folder)) !== 'dir') return [];
  const names = await host.files.list(folder);
  return names.filter((name) => name.endsWith('.yaml') && !name.startsWith('.')).map((name) => join(folder, name));
}

async function explainNothingFound(host: Host, dir: string): Promise<SlipwayError> {
  if ((await kindOf(host, join(dir, 'slipway.yml'))) !== undefined)
    return noProject(
      start(host, join(dir, PROJECT_FILE)),
      `${showPath(host, dir)} holds slipway.yml, not ${PROJECT_FILE}`,
      `rename it to ${PROJECT_FILE}`,
    );
  const isInside = basename(dir) === PROJECT_FOLDER && (await yamlFilesIn(host, dir)).length > 0;
  if (isInside)
    return noProject(
      start(host, dir),
      `${showPath(host, dir)} is the inside of a project`,
      `name the folder around it: -f ${showPath(host, dirname(dir))}`,
    );
  return noProject(
    start(host, join(dir, PROJECT_FILE)),
    `${showPath(host, dir)} holds neither ${PROJECT_FILE} nor ${PROJECT_FOLDER}/*.yaml`,
  );
}

function noProject(at: SourcePosition, message: string, fix?: string): SlipwayError {
  return new SlipwayError('SLW-CFG-001', message, { at, ...(fix !== undefined && { fix }) });
}

/** The text of one project file. @throws SlipwayError SLW-CFG-001, SLW-CFG-003, SLW-CFG-004, SLW-HST-… */
export async function readSource(host: Host, path: string): Promise<SourceText> {
  const file = showPath(host, path);
  const at = start(host, path);
  const stat = await followedStat(host, path);
  if (stat === undefined) throw noProject(start(host, path), `${file} is gone`);
  if (stat.kind !== 'file') throw new SlipwayError('SLW-CFG-003', `${file} is no regular file`, { at });
  if (stat.size > MAX_FILE_BYTES)
    throw new SlipwayError('SLW-CFG-003', `${file} has ${stat.size} bytes, more than ${MAX_FILE_BYTES}`, { at });
  const bytes = await host.files.readBytes(path);
  return { file, folder: dirname(path), text: decode(bytes ?? new Uint8Array(), file) };
}

// c-printable of https://yaml.org/spec/1.2.2/#51-character-set, as far as it is one code unit
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\u0080-\u0084\u0086-\u009f\ufffe\uffff]/;

function decode(bytes: Uint8Array, file: string): string {
  // TextDecoder takes a byte order mark off, so columns of the first line are right.
  const text = new TextDecoder('utf-8').decode(bytes);
  const isUtf8 = isWellFormed(bytes);
  const fault = isUtf8 ? text.search(FORBIDDEN) : Math.max(text.indexOf('\ufffd'), 0);
  if (fault === -1) return text;
  const before = text.slice(0, fault).split(/\r\n|\n|\r/);
  const at = { file, line: before.length, col: (before.at(-1)?.length ?? 0) + 1 };
  if (!isUtf8) throw new SlipwayError('SLW-CFG-004', `${file} holds bytes that are no UTF-8`, { at });
  const codePoint = text.charCodeAt(fault).toString(16).toUpperCase().padStart(4, '0');
  throw new SlipwayError('SLW-CFG-004', `${file} holds the control character U+${codePoint}`, { at, fix: 'remove the character' });
}

function isWellFormed(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

/** As people write it: relative to the current folder when it is inside, else absolute. */
export function showPath(host: Host, path: string): string {
  const short = relative(host.env.cwd, path);
  if (short === '') return '.';
  return short.startsWith('..') ? path : short;
}

function start(host: Host, path: string): SourcePosition {
  return { file: showPath(host, path), line: 1, col: 1 };
}

async function kindOf(host: Host, path: string) {
  return (await followedStat(host, path))?.kind;
}

/** What stands behind symbolic links; undefined when nothing does. */
export async function followedStat(host: Host, path: string) {
  const stat = await host.files.stat(path);
  if (stat?.kind !== 'symlink') return stat;
  const target = await host.files.realpath(path).catch(() => undefined);
  return target === undefined ? undefined : await host.files.stat(target);
}
