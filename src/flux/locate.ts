/** From a cause to the file of the source that declares it, where the source can be read on this machine. */
import { join, posix, relative } from 'node:path';
import { type Document, isMap, LineCounter, parseAllDocuments } from 'yaml';
import type { Host } from '../host/host.ts';
import { inspectPath, listFiles, readFileAt, resolveRef } from '../git/repository.ts';
import { readTree } from '../git/tree.ts';
import type { Cause } from './cause.ts';
import { type PathRepository, pathRepositories } from './serve-step.ts';
import type { FluxStepsOptions } from './step-options.ts';

/** Files of a source as they are applied. */
export interface SourceFiles {
  /** Shown before a path: where a person finds the file. */
  readonly root: string;
  readonly paths: readonly string[];
  read(path: string): Promise<string | undefined>;
}

export type Locate = (cause: Cause) => Promise<string | undefined>;

/** Looks through the sources that are paths; undefined for anything that is not found. */
export function createLocator(host: Host, options: Pick<FluxStepsOptions, 'gitops'>): Locate {
  const signal = new AbortController().signal;
  let opened: Promise<readonly SourceFiles[]> | undefined;
  return async (cause) => {
    opened ??= Promise.all(pathRepositories(options).map((repository) => openFiles(host, repository, signal)));
    for (const files of await opened) {
      const found = await locateIn(files, cause);
      if (found !== undefined) return found;
    }
    return undefined;
  };
}

async function openFiles(host: Host, repository: PathRepository, signal: AbortSignal): Promise<SourceFiles> {
  const found = await inspectPath(host, repository.path);
  const root = relative(host.env.cwd, found.path) || '.';
  if (found.kind === 'repository') {
    const head = await resolveRef(host, { ...found, signal }, repository.ref);
    return {
      root,
      paths: await listFiles(host, found.gitDir, head),
      read: (path) => readFileAt(host, { gitDir: found.gitDir, commit: head }, path),
    };
  }
  const { files } = await readTree(host, found.path);
  const byPath = new Map(files.map((file) => [file.path, file.content]));
  return { root, paths: [...byPath.keys()], read: (path) => Promise.resolve(decode(byPath.get(path))) };
}

function decode(content: Uint8Array | undefined): string | undefined {
  return content && Buffer.from(content).toString('utf8');
}

/** The file a message names, else the document that declares the object; `root/path:line:col`. */
export async function locateIn(files: SourceFiles, cause: Cause): Promise<string | undefined> {
  const named = fileInMessage(files, cause.message);
  if (named !== undefined) return join(files.root, named.path) + (named.line === undefined ? '' : `:${named.line}:1`);
  return cause.ref.name === '' ? undefined : await findDeclaration(files, cause.ref);
}

/** Paths in messages of kustomize are relative to the folder of the kustomization.yaml that names them, or temporary. */
function fileInMessage(files: SourceFiles, message: string): { readonly path: string; readonly line?: number } | undefined {
  const line = /\bline (\d+)\b/.exec(message)?.[1];
  const words = [...message.matchAll(/[\w@%+=:,./-]+\.(?:ya?ml|json)\b/g)].map(([word]) =>
    posix.normalize(word.replace(/^.*\/kustomization-\d+\//, '')).replace(/^(?:\.\.?\/)+/, ''),
  );
  for (const word of words.toReversed()) {
    const path =
      files.paths.find((candidate) => candidate === word) ?? only(files.paths.filter((candidate) => candidate.endsWith(`/${word}`)));
    if (path !== undefined && !/(^|\/)kustomization\.ya?ml$/.test(path)) return { path, ...(line !== undefined && { line: Number(line) }) };
  }
  return undefined;
}

function only<T>(items: readonly T[]): T | undefined {
  return items.length === 1 ? items[0] : undefined;
}

async function findDeclaration(
  files: SourceFiles,
  ref: { readonly kind: string; readonly name: string; readonly namespace?: string },
): Promise<string | undefined> {
  let fallback: string | undefined;
  for (const path of files.paths.filter((candidate) => /\.ya?ml$/.test(candidate))) {
    const text = await files.read(path);
    if (text === undefined || !text.includes(ref.kind) || !text.includes(ref.name)) continue;
    const place = placeIn(text, ref);
    if (place === undefined) continue;
    const shown = `${join(files.root, path)}:${place.line}:${place.col}`;
    if (place.isExact) return shown;
    fallback ??= shown;
  }
  return fallback;
}

/** Exact when the namespace agrees too; a namespace may also be put on by kustomize. */
function placeIn(
  text: string,
  ref: { readonly kind: string; readonly name: string; readonly namespace?: string },
): { readonly line: number; readonly col: number; readonly isExact: boolean } | undefined {
  const lineCounter = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter, logLevel: 'silent' });
  for (const document of Array.isArray(documents) ? (documents as readonly Document[]) : []) {
    if (document.get('kind') !== ref.kind || document.getIn(['metadata', 'name']) !== ref.name || !isMap(document.contents)) continue;
    const { line, col } = lineCounter.linePos(document.contents.range?.[0] ?? 0);
    return { line, col, isExact: document.getIn(['metadata', 'namespace']) === ref.namespace };
  }
  return undefined;
}
