import type { CodeTable } from './entry.ts';

/** SLW-STA-NNN */
export const stateCodes = {
  'SLW-STA-001': {
    title: 'state written by a newer Slipway',
    explain:
      'The journal in the state folder has a schema version that this Slipway does not know. An older version would misread it, so nothing was read and nothing was done. The state is intact.',
    fix: 'use the Slipway version that wrote the state, or a newer one',
    exit: 65,
    retry: 'no',
  },
  'SLW-STA-002': {
    title: 'damaged journal file',
    explain:
      'journal.db in the state folder is no SQLite database, or its pages are damaged, or it belongs to another program. The journal is the only memory of what was created, so Slipway does not replace it by an empty one.',
    fix: 'restore the state folder from a backup, or move it aside and remove what it created by hand (the things carry the marks of their project)',
    exit: 65,
    retry: 'no',
  },
  'SLW-STA-003': {
    title: 'broken chain of journal rows',
    explain:
      'Every journal row carries the hash of the row before it. A row was altered, dropped or moved after it was written, by hand or by a failing disk. Rows after that point cannot be trusted, so nothing was done.',
    fix: 'see `slipway journal verify` for the first broken row and restore the state folder from a backup',
    exit: 65,
    retry: 'no',
  },
  'SLW-STA-004': {
    title: 'copied state folder',
    explain:
      "The state folder is a copy: the folder that it was copied from still exists and has the same state id. Two folders that believe to own the same clusters would destroy each other's work, so the copy does nothing.",
    fix: 'use the original folder; or delete the copied state folder to start a new project; or, when the copy is the one to keep, remove the original state folder',
    exit: 65,
    retry: 'no',
  },
  'SLW-STA-005': {
    title: 'state folder cannot be written',
    explain:
      'The journal has to be durable before Slipway acts. The state folder, or a file in it, may not be written by this user, or stands on a read-only file system. Nothing was done.',
    fix: 'give the folder to the user that runs Slipway, or choose another with --state-dir',
    exit: 77,
    retry: 'no',
  },
  'SLW-STA-006': {
    title: 'no room for the journal',
    explain:
      'The disk that holds the state folder is full. What was not written to the journal was not done; what was written stands. The same command continues once there is room.',
    fix: 'free some space on the disk of the state folder and run the same command again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-STA-007': {
    title: 'journal could not be read or written',
    explain:
      'SQLite met an input/output fault or found the journal in use by another program. Slipway stops at once, because it does not act without a durable record.',
    fix: 'check the disk of the state folder and run the same command again',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-STA-008': {
    title: 'state in use by another run',
    explain:
      'Only one run at a time may change a project. The lock is held by a living process; the kernel releases it when that process ends, however it ends. An owner on another host is never presumed dead.',
    fix: 'wait until the other run is over; for an owner on another host that is surely gone: `slipway unlock --confirm OWNER`',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-STA-009': {
    title: 'unlock of a lock that is held',
    explain: 'The owner of the lock is a living process on this host. Taking its lock away would let two runs change the same things.',
    fix: 'wait for that process or end it; its lock is then free by itself',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-STA-010': {
    title: 'unlock confirmed with another owner',
    explain:
      'The name given to `slipway unlock --confirm` is not that of the recorded owner. It has to be typed exactly, so that a lock taken since you looked is not taken away.',
    fix: 'give the owner exactly as the message shows it',
    exit: 64,
    retry: 'no',
  },
  'SLW-STA-011': {
    title: 'journal used after it was closed',
    explain:
      'Something tried to write to the journal after its run had ended. It was not written, and what it would have announced was not done. This is a fault of Slipway, unless the run was detached by a second Ctrl-C.',
    fix: 'run the same command again; it continues',
    exit: 70,
    retry: 'no',
  },
  'SLW-STA-012': {
    title: 'several states and no project file that says which',
    explain:
      'The project file cannot be read, and the .slipway folder beside it holds the state of more than one project, so Slipway cannot know which one is meant. Nothing was changed.',
    fix: 'mend the project file, or name the state folder with --state-dir',
    exit: 65,
    retry: 'no',
  },
  'SLW-STA-013': {
    title: 'no such cluster in the project',
    explain:
      'The command wants one cluster of the project, and the name given is none of them, or no name was given and the project does not have just one cluster.',
    fix: 'name a cluster of the project',
    exit: 64,
    retry: 'no',
  },
  'SLW-STA-014': {
    title: 'the cluster does not exist yet',
    explain: 'The project declares the cluster, but no run has made it so far, or it was taken down.',
    fix: 'run slipway up first',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-STA-015': {
    title: 'no such component in the cluster',
    explain: 'The command wants the log of one component, and the cluster has no log of that name.',
    fix: 'leave the component out to see all of them',
    exit: 64,
    retry: 'no',
  },
  'SLW-STA-016': {
    title: 'no such network',
    explain:
      'The verbs about a VPN need to know whose it is. The project has no network of that name, or several with a VPN and none was named.',
    fix: 'name the network with --network',
    exit: 64,
    retry: 'no',
  },
} as const satisfies CodeTable;
