import type { CodeTable } from './entry.ts';

/** SLW-RST-NNN */
export const remoteStateCodes = {
  'SLW-RST-001': {
    title: 'remote state in use by another run',
    explain:
      'Only one run at a time may change a project, wherever it runs. The lock lies beside the state. Nobody can see from here whether its owner is alive, so an owner elsewhere is never presumed dead; a run that ended, however it failed, has given it back.',
    fix: 'wait until the other run is over; for an owner that is surely gone: `slipway unlock --confirm OWNER`',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-RST-002': {
    title: 'unlock of remote state confirmed with another owner',
    explain:
      'The name given to `slipway unlock --confirm` is not that of the recorded owner. It has to be typed exactly, so that a lock taken since you looked is not taken away.',
    fix: 'give the owner exactly as the message shows it',
    exit: 64,
    retry: 'no',
  },
  'SLW-RST-003': {
    title: 'the lock was lost to another run',
    explain:
      'While this run worked, another one wrote into the journal beside the state: its lock was taken away by hand. This run stopped before its next act. What it did is in its local journal up to that point; what it was doing is found again by the marks on the things.',
    fix: 'let the other run end, then run the same command again',
    exit: 75,
    retry: 'after-user',
  },
  'SLW-RST-004': {
    title: 'local and remote state are not of the same project',
    explain:
      'The journal in the local state folder and the one beside the remote state have different beginnings: they tell of different things. Joining them would forget one or the other, so nothing was done.',
    fix: 'choose another prefix or bucket for this project, or another --state-dir',
    exit: 65,
    retry: 'no',
  },
  'SLW-RST-005': {
    title: 'remote journal is incomplete',
    explain:
      'Rows that this machine knows were written beside the state are missing there, or do not fit the chain: objects were deleted or replaced by hand. A bucket with versions still has them.',
    fix: 'restore the objects below journal/ from their earlier versions',
    exit: 65,
    retry: 'no',
  },
  'SLW-RST-006': {
    title: 'remote state written by a newer Slipway',
    explain: 'The state beside the bucket has a format that this Slipway does not know. Nothing was read and nothing was done.',
    fix: 'use the Slipway version that wrote the state, or a newer one',
    exit: 65,
    retry: 'no',
  },
} as const satisfies CodeTable;
