import type { CodeTable } from './entry.ts';

/** SLW-HST-NNN */
export const hostCodes = {
  'SLW-HST-001': {
    title: 'no permission for a file or folder',
    explain:
      'The operating system refused to read or write a path that Slipway needs. Nothing was changed beyond what the journal says; after the permission is mended the same command continues.',
    fix: 'give the current user read and write permission on the path, or choose another place with --state-dir',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-HST-002': {
    title: 'disk full',
    explain:
      'A write failed because the file system or the quota is full. Files are replaced atomically, so the old content is still there; free some space and run the same command again.',
    fix: 'free space on that file system and run the same command again',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-HST-003': {
    title: 'read-only file system',
    explain:
      'Slipway keeps its journal and its clusters in a state folder, which must be writable. The path is on a file system that is mounted read-only.',
    fix: 'choose a writable place with --state-dir, or remount the file system',
    exit: 77,
    retry: 'after-user',
  },
  'SLW-HST-004': {
    title: 'file operation failed',
    explain:
      'The operating system refused an operation on a file for a reason that is neither permission nor space: too many open files, a name too long, an input/output error.',
    fix: 'look at the reason in the message; run the same command again after mending it',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-HST-005': {
    title: 'command not found',
    explain: 'A program that Slipway needs is not on PATH. `slipway doctor` lists all of them.',
    fix: 'install the program and see that it is on PATH',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-HST-006': {
    title: 'a process could not be started',
    explain:
      'The operating system refused to start a program, or the program could not be executed: wrong architecture, not executable, too many processes.',
    fix: 'look at the reason in the message and at the log file it names',
    exit: 69,
    retry: 'backoff',
  },
  'SLW-HST-007': {
    title: 'platform not supported',
    explain: 'Slipway runs on Linux and macOS, on x64 and arm64. On Windows it runs inside the Windows Subsystem for Linux.',
    fix: 'run Slipway on Linux, macOS or inside the Windows Subsystem for Linux',
    exit: 69,
    retry: 'no',
  },
  'SLW-HST-008': {
    title: 'no free port',
    explain: 'No free loopback port was found for a process after many attempts.',
    fix: 'stop some of the programs that listen on loopback ports',
    exit: 69,
    retry: 'backoff',
  },
} as const satisfies CodeTable;
