/** Process exit codes; API (additive only). 64 to 77 follow BSD sysexits.h. */

export const exits = {
  done: 0,
  failed: 1,
  changesPending: 2,
  usage: 64,
  invalidProject: 65,
  unreachable: 69,
  bug: 70,
  comeAgain: 75,
  notPermitted: 77,
  interrupted: 130,
  terminated: 143,
} as const;

/** What each exit code means, for `--help`, the reference and tests. */
export const exitMeanings: Readonly<Record<number, string>> = {
  0: 'done, or nothing to change',
  1: 'failed, declined, or the bound of a wait was reached',
  2: 'changes are pending (only `plan --detailed-exitcode`)',
  64: 'wrong usage, or consent is missing and nobody can be asked',
  65: 'invalid project',
  69: 'something is unreachable',
  70: 'a bug of Slipway',
  75: 'come again: locked, waiting for a person, or an outage',
  77: 'not permitted',
  130: 'ended by SIGINT, also gracefully',
  143: 'ended by SIGTERM, also gracefully',
};
