/**
 * What a failed creation left half made (tainted) and tofu would replace create-first: the new one would meet the old one's name, at every
 * run again. It is destroyed alone before, by way of a state that holds nothing else, so that neither what depends on it nor an older
 * object that still serves (deposed) can go along.
 */
import { join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import type { PlanOutline, PlannedResource } from './change.ts';
import { statePullText } from './commands.ts';
import { stateFile } from './encryption.ts';
import { inFolder } from './folder-lock.ts';
import { findDead } from './recover.ts';
import { privateDir } from './runner.ts';
import { applyMade, besides, inSession, makePlan, openSession, type Session, type SessionOptions } from './session.ts';
import { onlyTainted } from './state.ts';

const folderOf = (dir: string): string => join(privateDir(dir), 'half-made');

/** Addresses that must go before they can be made anew. */
export function halfMade({ resources }: PlanOutline): readonly string[] {
  return resources.filter(isHalfMade).map(({ address }) => address);
}

const isHalfMade = ({ reason, createsFirst }: PlannedResource): boolean => reason === 'replace_because_tainted' && createsFirst === true;

/** As `inSession`, once a tofu that removes what is half made has come to its end. */
export async function inSettledSession<T>(options: SessionOptions, act: (session: Session) => Promise<T>): Promise<T> {
  await settle(besides(options, folderOf(options.dir)));
  return inSession(options, act);
}

/** Destroys these objects and nothing else. Safe to call again: what is gone already is no error. */
export async function discardHalfMade({ call, options }: Session, addresses: readonly string[]): Promise<void> {
  const { host } = options;
  const state = onlyTainted(await statePullText(call), new Set(addresses));
  const aside = besides(options, folderOf(options.dir));
  await settle(aside);
  await host.files.mkdir(aside.dir);
  await host.files.writeAtomic(stateFile(aside.dir), state, { mode: 0o600 });
  await inSession(aside, async (session) => {
    const { plan, file } = await makePlan(session, { destroy: true, refresh: false });
    const stray = plan.resources.find(({ address, action }) => action !== 'delete' || !addresses.includes(address));
    if (stray) throw new SlipwayError('SLW-BUG-001', `the removal of what is half made would ${stray.action} ${stray.address}`);
    if (!plan.isEmpty) await applyMade(session, { digest: plan.digest, file, count: plan.resources.length, destroy: true });
  });
  await host.files.remove(aside.dir);
}

/** @throws SLW-TOF-007 when more would be done now than was agreed to with what was half made in it */
export function requireAgreed(object: string, { agreed, now }: { readonly agreed: PlanOutline; readonly now: PlanOutline }): void {
  const before = new Map(agreed.resources.map((resource) => [resource.address, resource]));
  const stray = now.resources.find((resource) => !isCovered(before.get(resource.address), resource));
  if (!stray) return;
  throw new SlipwayError('SLW-TOF-007', `the plan of ${object} is out of date: it would ${stray.action} ${stray.address} by now`, {
    object,
  });
}

function isCovered(agreed: PlannedResource | undefined, { action }: PlannedResource): boolean {
  if (!agreed) return false;
  if (agreed.action === action || (isHalfMade(agreed) && action === 'create')) return true;
  // Known by now: what it is given by a thing that was half made.
  return agreed.action === 'replace' && action === 'update';
}

/** What an earlier one did not destroy is still in the module's own state. */
async function settle(options: SessionOptions): Promise<void> {
  const { host, dir, object, signal, timeoutMs, report } = options;
  if (!(await host.files.stat(dir))) return;
  await inFolder(host, { dir, object, signal, timeoutMs, report }, async () => {
    const { call } = await openSession(options);
    await findDead({ call, timeoutMs, report });
  });
  await host.files.remove(dir);
}
