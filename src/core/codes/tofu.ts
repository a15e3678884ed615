import type { CodeTable } from './entry.ts';

/** SLW-TOF-NNN */
export const tofuCodes = {
  'SLW-TOF-001': {
    title: 'an OpenTofu or Terraform that is too old',
    explain:
      'Slipway drives OpenTofu 1.10 or newer, or Terraform 1.10 or newer: older ones cannot lock a state in a bucket by themselves and do not say all that Slipway reads. It takes `tofu` and then `terraform` from the folder given with --toolchain, then from PATH, and builds the pinned OpenTofu when there is neither.',
    fix: 'install OpenTofu 1.10 or newer, or take the old one off PATH so that Slipway builds its own',
    exit: 69,
    retry: 'after-user',
  },
  'SLW-TOF-002': {
    title: 'a program that is no OpenTofu or Terraform',
    explain: 'The program found under the name `tofu` or `terraform` did not answer `version -json` as these do.',
    fix: 'look at what that program is; take it off PATH, or give --toolchain DIR with a good one',
    exit: 69,
    retry: 'after-user',
  },
} as const satisfies CodeTable;
