/** Resources that a tofu that died, or a provider that gave no answer, has made or begun to make, and that are in no state. */
import type { Json } from '../core/digest.ts';
import { messageOf } from '../core/errors.ts';
import type { StepReport } from '../engine/step.ts';
import {
  importResource,
  keepDump,
  plannedValues,
  statePull,
  statePullText,
  stateRemove,
  taintResource,
  type TofuCall,
} from './commands.ts';
import type { TofuMessage } from './messages.ts';
import { pushErrored } from './state-files.ts';
import { type StateInstance, type StateResource, type Successor, withSuccessor } from './state.ts';

/** A resource that may have been made without a word about it in the state. */
export interface LostResource {
  readonly address: string;
  readonly type: string;
  /** As the provider said, when it came that far. */
  readonly id?: string;
  /** The provider reported a failure: perhaps nothing was made. */
  readonly hasFailed: boolean;
  /** Made before what it was to replace had gone, which has the address still. */
  readonly isSuccessor?: true;
}

export type Attributes = Readonly<Record<string, Json>>;

export interface SoughtResource extends LostResource {
  /** What its creation would give it, as far as it is known; sensitive values are masked. */
  readonly planned: Attributes;
}

export interface FoundResource {
  readonly address: string;
  /** As `tofu import` wants it. */
  readonly id: string;
  /** What it is, by what the provider reads of it: imported into a state aside before it counts. */
  readonly fits?: (attributes: Attributes) => Fit;
}

/** `later`: it is still being made; `broken`: it is the thing sought, and has to be made anew. */
export type Fit = 'yes' | 'no' | 'later' | 'broken';

/** What a cloud knows about finding things again. */
export interface LostFinder {
  /** Types whose import id is another than the id that the provider says. */
  readonly derived: ReadonlySet<string>;
  /** Candidates, the likeliest first; the first of an address that fits is taken. `known`: ids that are in the state. */
  readonly find: (lost: readonly SoughtResource[], known: ReadonlySet<string>) => Promise<readonly FoundResource[]>;
}

/** Imports into a state of its own and gives what was read; undefined when there is no such thing. */
export type TryImport = (address: string, id: string) => Promise<StateInstance | undefined>;

export interface AdoptOptions {
  readonly call: TofuCall;
  readonly report: (report: StepReport) => void;
  /** Bound of a wait for something that is still being made. */
  readonly timeoutMs: number;
  readonly finder?: LostFinder | undefined;
  /** Opens the state aside when something must be looked at. */
  readonly aside?: (<T>(look: (tryImport: TryImport) => Promise<T>) => Promise<T>) | undefined;
}

/** Imports what was made and is in no state, so that it is neither made again nor forgotten. */
export async function adoptLost(options: AdoptOptions, messages: readonly TofuMessage[]): Promise<void> {
  const { call, report, finder } = options;
  const known = await stateOf(call);
  const lost = lostResources(messages, known);
  if (lost.length === 0) return;
  const said = lost.flatMap(({ address, type, id, isSuccessor }) =>
    id === undefined || isSuccessor || finder?.derived.has(type) ? [] : [{ address, id }],
  );
  const adopted = await adoptAll(options, said, known);
  const rest = lost.filter(({ address }) => !adopted.has(address));
  for (const address of rest.length > 0 && finder ? await adoptSought(options, finder, rest) : []) adopted.add(address);
  for (const { address, hasFailed } of rest) {
    if (hasFailed || adopted.has(address)) continue;
    const message = `${address} was begun by a run that died, and nothing that it made was found`;
    report({ type: 'finding', level: 'warning', code: 'SLW-TOF-025', message });
  }
}

interface Verdict {
  readonly address: string;
  readonly id: string;
  readonly fit?: Fit;
  /** Takes the address of what it was to replace. */
  readonly successor?: StateInstance;
}

const AGAIN_MS = 3_000;

type Known = ReadonlyMap<string, StateResource>;

const stateOf = async (call: TofuCall): Promise<Known> =>
  new Map((await statePull(call)).resources.map((resource) => [resource.address, resource]));

async function adoptAll({ call, report }: AdoptOptions, found: readonly Verdict[], known: Known): Promise<Set<string>> {
  const adopted = new Set<string>();
  for (const { address, id, fit, successor } of found) {
    if (successor) {
      await succeed(call, { address, instance: successor, isTainted: fit === 'broken' });
      report({ type: 'progress', message: `took ${address} (${id}) into the state beside what it replaces` });
      adopted.add(address);
      continue;
    }
    // An older object of that address was destroyed in the same run.
    if (known.has(address)) await stateRemove(call, [address]);
    if (!(await adopt(call, { address, id }, report))) continue;
    adopted.add(address);
    if (fit === 'broken') await taintResource(call, address);
  }
  return adopted;
}

/** By name, mark or place: what the rest of the module says about it must be in the state by now. */
async function adoptSought(options: AdoptOptions, finder: LostFinder, lost: readonly LostResource[]): Promise<ReadonlySet<string>> {
  const { call } = options;
  const planned = await plannedValues(call);
  const sought = lost.flatMap((resource) => {
    const values = planned.get(resource.address);
    return values ? [{ ...resource, planned: values }] : [];
  });
  if (sought.length === 0) return new Set();
  const known = await stateOf(call);
  const ids = new Set([...known.values()].flatMap(({ id }) => id ?? []));
  const successors = new Set(lost.flatMap(({ address, isSuccessor }) => (isSuccessor ? [address] : [])));
  const said = lost.flatMap(({ address, id, isSuccessor }) => (isSuccessor && id !== undefined ? [{ address, id }] : []));
  const candidates = [...said, ...(await finder.find(sought, ids))];
  return adoptAll(options, await fitting(options, candidates, { known: ids, successors }), known);
}

interface Places {
  /** Ids that the state has. */
  readonly known: ReadonlySet<string>;
  /** Addresses that are taken by what was to be replaced. */
  readonly successors: ReadonlySet<string>;
}

async function fitting(options: AdoptOptions, candidates: readonly FoundResource[], places: Places): Promise<readonly Verdict[]> {
  const { aside } = options;
  const sure = candidates.flatMap(({ address, id, fits }): readonly Verdict[] =>
    fits || places.successors.has(address) ? [] : [{ address, id }],
  );
  const unsure = candidates.filter(({ address, fits }) => fits !== undefined || places.successors.has(address));
  if (unsure.length === 0 || !aside) return sure;
  return aside(async (tryImport) => {
    const found = new Map(sure.map((one) => [one.address, one]));
    for (const one of unsure) {
      if (found.has(one.address) || [...found.values()].some((other) => isSame(one, other))) continue;
      const verdict = await settledFit(options, one, tryImport);
      if (!verdict || isKnown(verdict.successor, places)) continue;
      const { successor: _, ...plain } = verdict;
      found.set(one.address, places.successors.has(one.address) ? verdict : plain);
    }
    return [...found.values()];
  });
}

type Looked = Verdict & { readonly fit: Fit; readonly successor: StateInstance };

/** Once it is no more being made; a wait that takes too long ends as if it had failed. */
async function settledFit(options: AdoptOptions, candidate: FoundResource, tryImport: TryImport): Promise<Looked | undefined> {
  const { call, timeoutMs, report } = options;
  const { clock } = call.host;
  const until = clock.monotonic() + timeoutMs;
  for (;;) {
    const looked = await lookAt(candidate, tryImport);
    if (looked?.fit !== 'later') return looked;
    if (clock.monotonic() > until) return { ...looked, fit: 'broken' };
    const message = `${candidate.address} (${candidate.id}) is still being made`;
    report({ type: 'waiting', object: call.object, reason: 'StillBeingMade', message, boundMs: timeoutMs });
    await clock.sleep(AGAIN_MS, call.signal);
  }
}

async function lookAt({ address, id, fits }: FoundResource, tryImport: TryImport): Promise<Looked | undefined> {
  const successor = await tryImport(address, id);
  if (!successor) return undefined;
  const fit = fits?.(successor.attributes ?? {}) ?? 'yes';
  return fit === 'no' ? undefined : { address, id, successor, fit };
}

/** What the state has is not lost, whatever the log of the run says. */
const isKnown = ({ attributes }: StateInstance, { known }: Places): boolean => known.has(String(attributes?.['id']));

/** Two things may have been sought, and one be there. */
const isSame = (one: Verdict, other: Verdict): boolean =>
  one.id === other.id && one.address.replace(/\[.*$/, '') === other.address.replace(/\[.*$/, '');

/** Written to the folder first: a run that is killed here pushes it when it comes again. */
async function succeed(call: TofuCall, one: Pick<Successor, 'address' | 'instance' | 'isTainted'>): Promise<void> {
  const deposedKey = Buffer.from(call.host.random.bytes(4)).toString('hex');
  await keepDump(call, JSON.parse(withSuccessor(await statePullText(call), { ...one, deposedKey })) as Json);
  await pushErrored(call);
}

async function adopt(call: TofuCall, { address, id }: FoundResource, report: (report: StepReport) => void): Promise<boolean> {
  try {
    await importResource(call, address, id);
    report({ type: 'progress', message: `took ${address} (${id}) back into the state` });
    return true;
  } catch (thrown) {
    if (call.signal.aborted) throw thrown;
    const why = messageOf(thrown);
    report({
      type: 'finding',
      level: 'warning',
      code: 'SLW-TOF-025',
      message: `${address} (${id}) could not be taken back into the state: ${why}`,
    });
    return false;
  }
}

/** Pure: creations that are in no state; those that never began are not among them. */
export function lostResources(
  messages: readonly TofuMessage[],
  known: ReadonlyMap<string, { readonly id?: string; readonly isTainted?: boolean }>,
): readonly LostResource[] {
  const begun = new Map<string, LostResource>();
  const gone = new Set<string>();
  for (const message of messages) {
    if (message.type !== 'apply') continue;
    const { address, resourceType: type, phase, id, action } = message;
    if (action === 'delete' && phase === 'complete') gone.add(address);
    if (action === 'create') begun.set(address, { address, type, hasFailed: phase === 'errored', ...(id !== undefined && { id }) });
  }
  return [...begun.values()].flatMap((lost): readonly LostResource[] => {
    const there = known.get(lost.address);
    if (there === undefined) return [lost];
    // What the run has destroyed before had the same address and another id.
    if (gone.has(lost.address)) return lost.id === undefined || isAnother(there, lost) ? [lost] : [];
    // A tainted one is the new one itself.
    const isSuccessor = lost.id === undefined ? there.isTainted !== true : isAnother(there, lost);
    return isSuccessor ? [{ ...lost, isSuccessor }] : [];
  });
}

const isAnother = (there: { readonly id?: string }, { id }: LostResource): boolean => there.id !== undefined && there.id !== id;
