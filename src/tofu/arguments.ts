/** Command lines, pure: what is asked of tofu in each case. Values that may be secret never stand here. */

export interface PlanArguments {
  /** File that receives the plan, relative to the work folder. */
  readonly out: string;
  readonly destroy?: boolean;
  /** Take the state's lock; without it, a plan disturbs nobody and is disturbed by nobody. */
  readonly lock?: boolean;
  /** Variable files that win over those of the folder. */
  readonly variableFiles?: readonly string[];
  readonly refresh?: boolean;
}

const JSON_UI = ['-json', '-no-color'] as const;
/** How long a lock that somebody holds is waited for; a longer wait is the caller's, who can say whose it is. */
const LOCK_TIMEOUT = '-lock-timeout=5s';

export function initArguments({ upgrade = false } = {}): readonly string[] {
  return ['init', '-input=false', ...(upgrade ? ['-upgrade'] : []), ...JSON_UI];
}

/** Takes the state along to the backend that is configured now. There is no JSON for it. */
export function migrateArguments(): readonly string[] {
  return ['init', '-input=false', '-no-color', '-migrate-state', '-force-copy', LOCK_TIMEOUT];
}

export function validateArguments(): readonly string[] {
  return ['validate', ...JSON_UI];
}

export function planArguments({ out, destroy, lock, variableFiles, refresh }: PlanArguments): readonly string[] {
  return [
    'plan',
    '-input=false',
    '-detailed-exitcode',
    ...JSON_UI,
    ...(lock === true ? [LOCK_TIMEOUT] : ['-lock=false']),
    ...(destroy === true ? ['-destroy'] : []),
    ...(refresh === false ? ['-refresh=false'] : []),
    ...(variableFiles ?? []).map((file) => `-var-file=${file}`),
    `-out=${out}`,
  ];
}

export function showPlanArguments(plan: string): readonly string[] {
  return ['show', ...JSON_UI, plan];
}

export function applyArguments(plan: string): readonly string[] {
  return ['apply', '-input=false', ...JSON_UI, LOCK_TIMEOUT, plan];
}

export function outputArguments(): readonly string[] {
  return ['output', ...JSON_UI];
}

export function statePullArguments(): readonly string[] {
  return ['state', 'pull'];
}

export function statePushArguments(file: string): readonly string[] {
  return ['state', 'push', LOCK_TIMEOUT, file];
}

export function stateShowArguments(address: string): readonly string[] {
  return ['state', 'show', '-no-color', address];
}

export function stateRemoveArguments(addresses: readonly string[]): readonly string[] {
  return ['state', 'rm', LOCK_TIMEOUT, ...addresses];
}

export function stateMoveArguments(from: string, to: string): readonly string[] {
  return ['state', 'mv', LOCK_TIMEOUT, from, to];
}

export function importArguments(address: string, id: string): readonly string[] {
  return ['import', '-input=false', '-no-color', LOCK_TIMEOUT, address, id];
}

export function taintArguments(address: string): readonly string[] {
  return ['taint', LOCK_TIMEOUT, address];
}

export function forceUnlockArguments(lockId: string): readonly string[] {
  return ['force-unlock', '-force', lockId];
}

export function versionArguments(): readonly string[] {
  return ['version', '-json'];
}
