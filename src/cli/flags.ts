/** The flags that several commands share, and how their values are read. Flags follow the verb. */
import type { TypedFlagParameter } from '@stricli/core';
import { parseDuration } from '../core/duration.ts';

export const OUTPUTS = ['tty', 'plain', 'json'] as const;
export type OutputMode = (typeof OUTPUTS)[number];

export interface GlobalFlags {
  readonly output?: OutputMode;
  readonly noColor: boolean;
  readonly verbose: boolean;
}

export interface ProjectFlags extends GlobalFlags {
  readonly file: string;
  readonly only?: readonly string[];
  readonly stateDir?: string;
  readonly toolchain?: string;
  readonly parallel?: number;
  readonly timeout?: number;
}

/** Of verbs that take no selection. */
export type WholeFlags = Omit<ProjectFlags, 'only'>;

export interface ConsentFlags {
  readonly yes: boolean;
  readonly confirm?: readonly string[];
}

export type FlagSpecs<T> = { readonly [K in keyof T]-?: TypedFlagParameter<T[K]> };

export const text = (value: string): string => value;

export const globalFlags: FlagSpecs<GlobalFlags> = {
  output: {
    kind: 'enum',
    values: OUTPUTS,
    optional: true,
    brief: 'How to show things: tty on a terminal, plain elsewhere, json as NDJSON on stdout',
  },
  noColor: { kind: 'boolean', default: false, withNegated: false, brief: 'No colours (also NO_COLOR)' },
  verbose: { kind: 'boolean', default: false, withNegated: false, brief: 'Say more: unchanged steps, log lines of children, causes' },
};

export const fileFlag: TypedFlagParameter<string> = {
  kind: 'parsed',
  parse: text,
  default: '.',
  placeholder: 'path',
  brief: 'The project: slipway.yaml, or a folder that holds it',
};
export const stateDirFlag: TypedFlagParameter<string | undefined> = {
  kind: 'parsed',
  parse: text,
  optional: true,
  placeholder: 'dir',
  brief: 'Where the state lives instead of .slipway beside the project',
};

export const projectFlags: FlagSpecs<ProjectFlags> = {
  ...globalFlags,
  file: fileFlag,
  only: {
    kind: 'parsed',
    parse: parseSelection,
    optional: true,
    variadic: true,
    placeholder: 'kind/name',
    brief: 'Only these documents, with what they need (up) or what depends on them (down)',
  },
  stateDir: stateDirFlag,
  toolchain: { kind: 'parsed', parse: text, optional: true, placeholder: 'dir', brief: 'Take component binaries from this folder first' },
  parallel: { kind: 'parsed', parse: parseCount, optional: true, placeholder: 'n', brief: 'How many steps may run at once' },
  timeout: { kind: 'parsed', parse: parseBound, optional: true, placeholder: 'duration', brief: 'The bound of each wait: 90s, 5m' },
};

export const projectAliases = { f: 'file', v: 'verbose' } as const;
export const globalAliases = { v: 'verbose' } as const;

export const consentFlags: FlagSpecs<ConsentFlags> = {
  yes: { kind: 'boolean', default: false, withNegated: false, brief: 'Accept a plan that destroys nothing' },
  confirm: {
    kind: 'parsed',
    parse: text,
    optional: true,
    variadic: true,
    placeholder: 'name',
    brief: 'Accept the loss of what has this name; once for each destroyed thing',
  },
};

export function parseCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || count < 1 || count > 10_000) throw new RangeError(`"${value}" is no number from 1 to 10000`);
  return count;
}

export function parseBound(value: string): number {
  const ms = parseDuration(value);
  if (ms === undefined || ms <= 0) throw new RangeError(`"${value}" is no duration; write 90s, 5m or 1h30m`);
  return ms;
}

function parseSelection(value: string): string {
  if (!/^[A-Z][A-Za-z]*\/[^/\s]+$/.test(value)) throw new RangeError(`"${value}" is no KIND/NAME such as Cluster/demo`);
  return value;
}
