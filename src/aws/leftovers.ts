/**
 * What controllers inside a cluster made in the account, outside of OpenTofu's sight: load balancers with their target groups and
 * firewall rules, volumes with their snapshots, instances, network interfaces. Found by the tags that the controllers set and by where they
 * stand; each thing that is to go comes with its proof, and what has none is left alone.
 */
import { SlipwayError } from '../core/errors.ts';
import { backoffDelayMs, type BackoffPolicy } from '../core/retry.ts';
import type { Aws } from './aws.ts';
import { releaseSecurityGroup } from './group-rules.ts';
import { KINDS, type KindOfLeftover } from './leftover-kinds.ts';
import type { Leftover, LeftoverScope } from './leftover.ts';

/** In the order in which they have to go; nothing that a living instance or a service of AWS still holds. Reads only. */
export async function findLeftovers(aws: Aws, scope: LeftoverScope, signal: AbortSignal): Promise<readonly Leftover[]> {
  const found = await Promise.all(KINDS.map((kind) => kind.find(aws, scope, signal)));
  return found.flat();
}

export interface SweepOptions {
  /** Bound in ms until all are gone. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Called before each act and while something is waited for. */
  readonly onProgress?: (message: string) => void;
}

/** AWS takes seconds to minutes to let go of the interfaces of a load balancer. */
const PACE: BackoffPolicy = { baseMs: 1_000, capMs: 15_000, attempts: Number.POSITIVE_INFINITY };

/** Deletes what `findLeftovers` finds until it finds nothing; gives what went. Safe to call again. @throws SLW-AWS-017 */
export async function sweepLeftovers(
  aws: Aws,
  scope: LeftoverScope,
  { timeoutMs, signal, onProgress }: SweepOptions,
): Promise<readonly Leftover[]> {
  const { clock, random } = aws.host;
  const end = clock.monotonic() + timeoutMs;
  const told = new Map<string, Leftover>();
  for (let round = 1; ; round++) {
    const found = await findLeftovers(aws, scope, signal);
    const [first] = found;
    if (!first) return [...told.values()];
    for (const each of found.filter(({ id }) => !told.has(id))) onProgress?.(`removing ${each.kind} ${each.name} (${each.proof})`);
    await deleteRound(aws, { found, scope, told }, signal);
    if (clock.monotonic() >= end)
      throw new SlipwayError(
        'SLW-AWS-017',
        `${first.kind} ${first.name} is still there after ${Math.round(timeoutMs / 1000)}s (${found.length} in all)`,
        {
          object: first.id,
          data: { leftovers: found },
        },
      );
    onProgress?.(`waiting until ${first.kind} ${first.name} is gone`);
    await clock.sleep(Math.min(backoffDelayMs(PACE, round, random.number()), Math.max(0, end - clock.monotonic())), signal);
  }
}

interface Round {
  readonly found: readonly Leftover[];
  readonly scope: LeftoverScope;
  readonly told: Map<string, Leftover>;
}

/** Kind after kind; what cannot go yet is met again in the next round. */
async function deleteRound(aws: Aws, { found, scope, told }: Round, signal: AbortSignal): Promise<void> {
  for (const kind of KINDS) {
    const own = found.filter((each) => each.kind === kind.kind);
    await Promise.all(own.map((each) => deleteOne(aws, { kind, each, scope }, signal)));
    for (const each of own) told.set(each.id, each);
  }
}

interface One {
  readonly kind: KindOfLeftover;
  readonly each: Leftover;
  readonly scope: LeftoverScope;
}

async function deleteOne(aws: Aws, { kind, each, scope }: One, signal: AbortSignal): Promise<void> {
  if (each.kind === 'security-group') await releaseSecurityGroup(aws, { group: each.id, scope }, signal);
  await kind.delete(aws, each, signal);
}
