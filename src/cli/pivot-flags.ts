/** The flags of `slipway pivot …`, and the request they make. */
import type { PivotRequest } from '../project/pivot.ts';
import type { Session } from './context.ts';
import { fileFlag, type FlagSpecs, globalFlags, type GlobalFlags, parseBound, stateDirFlag, text } from './flags.ts';
import { operationOptions } from './session.ts';

/** Which two clusters, and how long to wait for anything. */
export interface PivotFlags extends GlobalFlags {
  readonly from: string;
  readonly to: string;
  readonly file: string;
  readonly stateDir?: string;
  readonly toolchain?: string;
  readonly timeout?: number;
}

/** What is moved, and what becomes of the rest. */
export interface PivotSelectionFlags extends PivotFlags {
  readonly namespace?: readonly string[];
  readonly cluster?: readonly string[];
  readonly keepSource: boolean;
  readonly acceptUnobservedPause: boolean;
}

export interface PivotRunFlags extends PivotSelectionFlags {
  readonly hookBefore?: readonly string[];
  readonly hookAfter?: readonly string[];
  readonly yes: boolean;
}

export interface PivotRollbackFlags extends PivotFlags {
  readonly yes: boolean;
}

export interface PivotRetireFlags extends PivotFlags {
  readonly confirm?: readonly string[];
}

const yes = { kind: 'boolean', default: false, withNegated: false, brief: 'Do it without asking' } as const;

export const pivotFlags: FlagSpecs<PivotFlags> = {
  ...globalFlags,
  from: {
    kind: 'parsed',
    parse: text,
    placeholder: 'kubeconfig',
    brief: 'Source: KUBECONFIG, KUBECONFIG#CONTEXT, or a cluster of the project',
  },
  to: { kind: 'parsed', parse: text, placeholder: 'kubeconfig', brief: 'Target, likewise' },
  file: fileFlag,
  stateDir: stateDirFlag,
  toolchain: { kind: 'parsed', parse: text, optional: true, placeholder: 'dir', brief: 'Take component binaries from this folder first' },
  timeout: {
    kind: 'parsed',
    parse: parseBound,
    optional: true,
    placeholder: 'duration',
    brief: 'The bound of each wait: 90s, 5m (default 10m)',
  },
};

export const pivotSelectionFlags: FlagSpecs<PivotSelectionFlags> = {
  ...pivotFlags,
  namespace: {
    kind: 'parsed',
    parse: text,
    optional: true,
    variadic: true,
    placeholder: 'name',
    brief: 'Only this namespace; the source goes on with the rest',
  },
  cluster: {
    kind: 'parsed',
    parse: text,
    optional: true,
    variadic: true,
    placeholder: 'name',
    brief: 'Only this Cluster, NAME or NAMESPACE/NAME, and what belongs to it',
  },
  keepSource: {
    kind: 'boolean',
    default: false,
    withNegated: false,
    brief: 'The source stays a management cluster; its controllers are not stopped',
  },
  acceptUnobservedPause: {
    kind: 'boolean',
    default: false,
    withNegated: false,
    brief: 'With a kept source: go on although some controllers never say that they saw the pause',
  },
};

const hook = (when: string) =>
  ({
    kind: 'parsed',
    parse: text,
    optional: true,
    variadic: true,
    placeholder: 'command',
    brief: `Shell command to run ${when}; must be safe to repeat`,
  }) as const;

export const pivotRunFlags: FlagSpecs<PivotRunFlags> = {
  ...pivotSelectionFlags,
  hookBefore: hook('before anything is paused'),
  hookAfter: hook('after the target took over'),
  yes,
};

export const pivotRollbackFlags: FlagSpecs<PivotRollbackFlags> = { ...pivotFlags, yes };

export const pivotRetireFlags: FlagSpecs<PivotRetireFlags> = {
  ...pivotFlags,
  confirm: {
    kind: 'parsed',
    parse: text,
    optional: true,
    variadic: true,
    placeholder: 'name',
    brief: 'The name of the source: accept that it is given up',
  },
};

export function pivotRequest(session: Session, flags: PivotFlags & Partial<PivotRunFlags>): PivotRequest {
  return {
    ...operationOptions(session, flags),
    from: flags.from,
    to: flags.to,
    namespaces: flags.namespace ?? [],
    clusters: flags.cluster ?? [],
    keepSource: flags.keepSource ?? false,
    acceptUnobservedPause: flags.acceptUnobservedPause ?? false,
    hooksBefore: flags.hookBefore ?? [],
    hooksAfter: flags.hookAfter ?? [],
  };
}
