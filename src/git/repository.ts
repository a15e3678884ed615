/** What a path is, and what stands at a branch of a repository. */
import { isAbsolute, join, resolve } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { git, tryGit } from './command.ts';

export type PathKind =
  | { readonly kind: 'folder'; readonly path: string }
  /** Itself a top level: a working copy, a linked worktree or a bare repository. */
  | { readonly kind: 'repository'; readonly path: string; readonly gitDir: string };

/**
 * Decides by what stands at the path itself; never looks upward, so that a fleet folder inside another repository is a folder.
 * @throws SLW-GIT-001 missing, SLW-GIT-002 not a folder, SLW-GIT-009 a `.git` that is no repository.
 */
export async function inspectPath(host: Host, path: string): Promise<PathKind> {
  const real = await realFolder(host, path);
  const gitDir = (await ownGitDir(host, real)) ?? ((await isGitDir(host, real)) ? real : undefined);
  return gitDir === undefined ? { kind: 'folder', path: real } : { kind: 'repository', path: real, gitDir };
}

export type RefChoice = { readonly branch: string } | { readonly tag: string } | { readonly commit: string };

/** Commit that a branch, tag or commit id stands for now. @throws SLW-GIT-003 when it is missing or has no commit. */
export async function resolveRef(
  host: Host,
  repository: { readonly path: string; readonly gitDir: string; readonly signal?: AbortSignal },
  ref: RefChoice,
): Promise<string> {
  const options = { gitDir: repository.gitDir, ...(repository.signal && { signal: repository.signal }) };
  const result = await tryGit(host, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${fullName(ref)}^{commit}`], options);
  if (result.code === 0) return result.stdout.trim();
  if (!('branch' in ref))
    throw new SlipwayError('SLW-GIT-003', `repository ${repository.path} has no ${showRef(ref)}`, {
      data: { path: repository.path, ...ref },
    });
  const branches = await listBranches(host, repository.gitDir);
  const known = branches.length === 0 ? 'it has no commit yet' : `it has ${branches.slice(0, 5).join(', ')}`;
  throw new SlipwayError('SLW-GIT-003', `repository ${repository.path} has no branch ${ref.branch}, ${known}`, {
    data: { path: repository.path, branch: ref.branch, branches },
  });
}

/** Refs that a client must see to fetch it. */
export function shownRefs(ref: RefChoice): readonly string[] {
  return 'commit' in ref ? ['refs/heads', 'refs/tags'] : [fullName(ref)];
}

export function showRef(ref: RefChoice): string {
  const [kind = '', name = ''] = Object.entries(ref)[0] ?? [];
  return `${kind} ${name}`;
}

function fullName(ref: RefChoice): string {
  if ('commit' in ref) return ref.commit;
  return 'branch' in ref ? `refs/heads/${ref.branch}` : `refs/tags/${ref.tag}`;
}

export interface CommitPlace {
  readonly gitDir: string;
  readonly commit: string;
}

/** Whether a folder or file exists in a commit. */
export async function existsAt(host: Host, { gitDir, commit }: CommitPlace, path: string): Promise<boolean> {
  const clean = path
    .replace(/^\.?\/+/, '')
    .replace(/^\.$/, '')
    .replace(/\/+$/, '');
  return (await tryGit(host, ['cat-file', '-e', `${commit}:${clean}`], { gitDir })).code === 0;
}

/** Paths of all files of a commit. */
export async function listFiles(host: Host, gitDir: string, commit: string): Promise<readonly string[]> {
  return (await git(host, ['ls-tree', '-r', '-z', '--name-only', commit], { gitDir })).split('\0').filter((name) => name !== '');
}

/** Content of one file of a commit; undefined when it is not there. */
export async function readFileAt(host: Host, { gitDir, commit }: CommitPlace, path: string): Promise<string | undefined> {
  const result = await tryGit(host, ['cat-file', 'blob', `${commit}:${path}`], { gitDir });
  return result.code === 0 ? result.stdout : undefined;
}

async function listBranches(host: Host, gitDir: string): Promise<readonly string[]> {
  const result = await tryGit(host, ['for-each-ref', '--format=%(refname:short)', 'refs/heads'], { gitDir });
  return result.code === 0 ? result.stdout.split('\n').filter((name) => name !== '') : [];
}

async function realFolder(host: Host, path: string): Promise<string> {
  const stat = await host.files.stat(path);
  if (stat === undefined) throw new SlipwayError('SLW-GIT-001', `repository path ${path} does not exist`, { data: { path } });
  const real = await realpathOf(host, path);
  if ((await host.files.stat(real))?.kind !== 'dir')
    throw new SlipwayError('SLW-GIT-002', `repository path ${path} is not a folder`, { data: { path } });
  return real;
}

async function realpathOf(host: Host, path: string): Promise<string> {
  try {
    return await host.files.realpath(path);
  } catch (error) {
    throw new SlipwayError('SLW-GIT-001', `repository path ${path} points nowhere`, { cause: error, data: { path } });
  }
}

/** The repository of a working copy: `.git` as a folder, or as a file `gitdir: …` (worktree, submodule). */
/** Undefined when nothing claims to be one. What claims it and is none must not be taken for a mere folder: its commits would be passed over. */
async function ownGitDir(host: Host, path: string): Promise<string | undefined> {
  const dotGit = join(path, '.git');
  const stat = await host.files.stat(dotGit);
  if (stat === undefined) return undefined;
  const gitDir = stat.kind === 'file' ? await linkedGitDir(host, path, (await host.files.readText(dotGit)) ?? '') : dotGit;
  if (gitDir !== undefined && (stat.kind === 'file' || (await isGitDir(host, gitDir)))) return gitDir;
  throw new SlipwayError('SLW-GIT-009', `${dotGit} is no Git repository`, { data: { path } });
}

async function linkedGitDir(host: Host, path: string, text: string): Promise<string | undefined> {
  const target = /^gitdir: (.+)$/m.exec(text)?.[1];
  if (target === undefined) return undefined;
  const gitDir = isAbsolute(target) ? target : resolve(path, target);
  return (await host.files.stat(join(gitDir, 'HEAD'))) === undefined ? undefined : gitDir;
}

/** As git decides it: HEAD, objects and refs stand in it. */
async function isGitDir(host: Host, path: string): Promise<boolean> {
  const [head, objects, refs] = await Promise.all(['HEAD', 'objects', 'refs'].map((name) => host.files.stat(join(path, name))));
  return head?.kind === 'file' && objects?.kind === 'dir' && refs?.kind === 'dir';
}
