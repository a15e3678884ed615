/** When waiting on is pointless, and the error that says so. Pure. */
import { SlipwayError } from '../core/errors.ts';
import type { Code } from '../core/codes.ts';
import { formatDuration } from '../core/duration.ts';
import type { Cause } from './cause.ts';

export interface StallOptions {
  readonly timeoutMs: number;
  /** Public half of a generated deploy key, by `Kind/namespace/name` of the source. */
  readonly deployKeys?: Readonly<Record<string, string>>;
}

/** The error for causes that will not go away by waiting; the first cause is the one named. */
export function stallError(causes: readonly Cause[], options: StallOptions): SlipwayError {
  const [first] = causes;
  if (first === undefined) return new SlipwayError('SLW-BUG-001', 'a stall without a cause');
  const deployKey = options.deployKeys?.[first.object];
  if (isHostKey(first))
    return new SlipwayError('SLW-FLX-014', sentence(first, causes.length), { object: first.object, data: dataOf(causes) });
  if (first.area === 'auth' && deployKey !== undefined) return deployKeyError(first, deployKey);
  return new SlipwayError(codeOf(first), sentence(first, causes.length), { object: first.object, data: dataOf(causes) });
}

function isHostKey(cause: Cause): boolean {
  return cause.area === 'auth' && /knownhosts|host key|hostkey|key mismatch|key is unknown/i.test(cause.message);
}

/** The error at the bound of the wait. */
export function boundError(causes: readonly Cause[], options: StallOptions): SlipwayError {
  const [first] = causes;
  const bound = formatDuration(options.timeoutMs);
  if (first === undefined) return new SlipwayError('SLW-FLX-002', `GitOps did not settle within ${bound}`);
  const code = first.kind === 'failed' && (first.area === 'auth' || first.area === 'source') ? codeOf(first) : 'SLW-FLX-002';
  return new SlipwayError(code, `not settled after ${bound}: ${sentence(first, causes.length)}`, {
    object: first.object,
    data: dataOf(causes),
  });
}

const CODES: Readonly<Record<Cause['area'], Code>> = {
  auth: 'SLW-FLX-005',
  source: 'SLW-FLX-004',
  unit: 'SLW-FLX-001',
  object: 'SLW-FLX-001',
};

function codeOf(cause: Cause): Code {
  if (cause.kind === 'cannot-run') return 'SLW-FLX-003';
  return cause.kind === 'suspended' ? 'SLW-FLX-007' : CODES[cause.area];
}

function deployKeyError(cause: Cause, publicKey: string): SlipwayError {
  return new SlipwayError('SLW-FLX-006', `${cause.object} is refused: its deploy key is not accepted yet (${cause.message})`, {
    object: cause.object,
    fix: `add this public key to the repository as a read-only deploy key, then run the same command again: ${publicKey}`,
    data: { publicKey },
  });
}

/** `ConfigMap/default/web: ImmutableField, … (apps/web.yaml:3:1); blocks Kustomization/flux-system/apps`. */
export function sentence(cause: Cause, count = 1): string {
  const message = cause.message === '' ? '' : `, ${cause.message}`;
  const file = cause.file === undefined ? '' : ` (${cause.file})`;
  const others = cause.blocks.filter((unit) => unit !== cause.object);
  const blocks =
    others.length === 0 ? '' : `; blocks ${others.slice(0, 3).join(', ')}${others.length > 3 ? ` and ${others.length - 3} more` : ''}`;
  const more = count > 1 ? `; ${count - 1} more cause${count > 2 ? 's' : ''}` : '';
  return `${cause.object}: ${cause.reason}${message}${file}${blocks}${more}`;
}

function dataOf(causes: readonly Cause[]): Readonly<Record<string, unknown>> {
  return {
    causes: causes.slice(0, 20).map(({ kind, object, reason, message, chain, blocks, file }) => ({
      kind,
      object,
      reason,
      message,
      chain,
      blocks,
      ...(file !== undefined && { file }),
    })),
  };
}
