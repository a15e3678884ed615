/** Hooks of a document as the rest of Slipway sees them: paths absolute, values typed. Plain data. */
import { resolve } from 'node:path';
import type { SourcePosition } from '../core/errors.ts';
import { parseDuration } from '../core/duration.ts';
import { HOOK_MOMENTS, type HookMoment, type HookSpec, type HooksSpec } from './kinds/hooks.ts';
import type { Value } from './references.ts';
import { demand, type Resolver } from './resolver.ts';

export type { HookMoment };

export interface ResolvedHook {
  readonly name: string;
  readonly moment: HookMoment;
  readonly at: SourcePosition;
  /** Absolute path of the program. */
  readonly run: string;
  /** Folder it runs in: that of the YAML file. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: ReadonlyMap<string, Value>;
  readonly timeoutMs: number;
  readonly onFailure: 'fail' | 'warn';
}

/** All hooks of a document, moment after moment, each in the order of the file. */
export function resolveHooks(spec: HooksSpec, make: Resolver): readonly ResolvedHook[] {
  return HOOK_MOMENTS.flatMap((moment) => spec[moment].map((hook, index) => resolveHook(hook, { moment, index, make })));
}

interface HookPlace {
  readonly moment: HookMoment;
  readonly index: number;
  readonly make: Resolver;
}

function resolveHook({ name, run, args, env, timeout, onFailure }: HookSpec, { moment, index, make }: HookPlace): ResolvedHook {
  const path = ['spec', 'hooks', moment, index];
  const { folder } = make.unit.document;
  const variables = Object.entries(env).map(([key, value]) => [key, make.value(value, [...path, 'env', key])] as const);
  return {
    ...{ name, moment, args, onFailure, folder },
    at: make.at(path),
    run: resolve(folder, run),
    env: new Map(variables),
    timeoutMs: demand(parseDuration(timeout)),
  };
}
