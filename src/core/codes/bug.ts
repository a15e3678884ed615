import type { CodeTable } from './entry.ts';

/** SLW-BUG-NNN */
export const bugCodes = {
  'SLW-BUG-001': {
    title: 'unexpected failure inside Slipway',
    explain:
      'Something failed in a way that Slipway has no name for. This is a fault of Slipway, not of the project. The journal is intact; running the same command again continues.',
    fix: 'run the same command again with -v; if it stays, report it with the output of `slipway journal show`',
    exit: 70,
    retry: 'no',
  },
} as const satisfies CodeTable;
