import type { CodeTable } from './entry.ts';

/** SLW-GIT-NNN */
export const gitCodes = {
  'SLW-GIT-001': {
    title: 'repository path missing',
    explain: 'A repository in the project names a path where nothing exists. Paths are relative to the folder of the project file.',
    fix: 'correct the path in gitops.repositories, or create the folder',
    exit: 65,
    retry: 'no',
  },
  'SLW-GIT-002': {
    title: 'repository path is not a folder',
    explain: 'A repository in the project names something that is neither a folder nor a Git repository.',
    fix: 'name a folder, a Git working copy or a bare repository',
    exit: 65,
    retry: 'no',
  },
  'SLW-GIT-003': {
    title: 'branch missing',
    explain:
      'The repository has no branch of that name. A repository at a path is served as it is: what was committed to the branch is applied, what is only in the working copy is not.',
    fix: 'commit to that branch, or correct the branch in gitops.repositories',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-GIT-004': {
    title: 'git command failed',
    explain: 'A git command that Slipway ran ended with an error. The message is git’s own last word.',
    fix: 'read the message; `slipway doctor` checks the installed git',
    exit: 1,
    retry: 'no',
  },
  'SLW-GIT-005': {
    title: 'git is missing or too old',
    explain: 'Slipway drives the git command for snapshots, the loopback server and for asking remotes; it needs git 2.31 or newer.',
    fix: 'install git 2.31 or newer and put it on PATH',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-GIT-006': {
    title: 'folder too large to snapshot',
    explain:
      'A folder that is not a repository is snapshotted whole at each `up`. This one is beyond what a Git source should hold (256 MiB in all, 64 MiB a file); most likely build output or data lies in it.',
    fix: 'move the data out of the folder, list it in the folder’s .gitignore, or make the folder a Git repository of its own',
    exit: 65,
    retry: 'no',
  },
  'SLW-GIT-007': {
    title: 'file cannot be snapshotted',
    explain:
      'A file of the folder could not be read: missing permission, a name that is no UTF-8, or it vanished while the folder was read.',
    fix: 'make the file readable or remove it, then run the same command again',
    exit: 65,
    retry: 'after-user',
  },
  'SLW-GIT-008': {
    title: 'configuration of the Git server unreadable',
    explain:
      'The resident Git server reads its repositories and token from a private file that `up` writes. The file is missing or not in a form this version knows.',
    fix: 'run `slipway up` again: it writes the file anew',
    exit: 70,
    retry: 'no',
  },
  'SLW-GIT-009': {
    title: 'damaged repository',
    explain:
      'The folder has a `.git`, but no repository stands there: HEAD, objects or refs are missing, or a worktree or submodule points to a folder that is gone. Taking it for a plain folder would pass over its commits.',
    fix: 'repair or clone the repository anew, or remove its .git to have the folder snapshotted',
    exit: 65,
    retry: 'no',
  },
} as const satisfies CodeTable;
