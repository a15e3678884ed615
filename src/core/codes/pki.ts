import type { CodeTable } from './entry.ts';

/** SLW-PKI-NNN */
export const pkiCodes = {
  'SLW-PKI-001': {
    title: 'an unreadable certificate or key',
    explain:
      'A file of the generated certificate set does not hold what its name says: it was edited, cut off, or replaced. Slipway renews what it issued itself, but it never overwrites a certificate authority it cannot read, because every certificate and kubeconfig of the cluster hangs on it.',
    fix: 'restore the named file from a backup, or take the cluster down and up again',
    exit: 1,
    retry: 'no',
  },
} as const satisfies CodeTable;
