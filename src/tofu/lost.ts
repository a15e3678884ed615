/** Resources that a tofu that died has made, or begun to make, and that are in no state. */
import type { StepReport } from '../engine/events.ts';
import { importResource, statePull, stateRemove, type TofuCall } from './commands.ts';
import type { TofuMessage } from './messages.ts';

/** A resource that a run that died may have made without a word about it in the state. */
export interface LostResource {
  readonly address: string;
  readonly type: string;
  /** As the provider said, when it came that far. */
  readonly id?: string;
  /** The provider reported a failure: perhaps nothing was made. */
  readonly hasFailed: boolean;
}

export interface FoundResource {
  readonly address: string;
  /** As `tofu import` wants it. */
  readonly id: string;
}

export interface AdoptOptions {
  readonly call: TofuCall;
  readonly report: (report: StepReport) => void;
  /** Finds import ids by name or tag; what it does not know goes by the id that the provider has said. */
  readonly findLost?: (lost: readonly LostResource[]) => Promise<readonly FoundResource[]>;
}

/** Imports what was made and is in no state, so that it is neither made again nor forgotten. */
export async function adoptLost({ call, report, findLost }: AdoptOptions, messages: readonly TofuMessage[]): Promise<void> {
  const state = await statePull(call);
  const known = new Map(state.resources.map((resource) => [resource.address, resource]));
  const lost = lostResources(messages, known);
  if (lost.length === 0) return;
  const asked = (await findLost?.(lost)) ?? [];
  const said = lost.flatMap(({ address, id }) =>
    id === undefined || asked.some((other) => other.address === address) ? [] : [{ address, id }],
  );
  const found = [...asked, ...said];
  for (const { address, id } of found) {
    // An older object of that address was destroyed in the same run.
    if (known.has(address)) await stateRemove(call, [address]);
    await adopt(call, { address, id }, report);
  }
  for (const { address, hasFailed } of lost) {
    if (hasFailed || found.some((other) => other.address === address)) continue;
    const message = `${address} was begun by a run that died, and nothing that it made was found`;
    report({ type: 'finding', level: 'warning', code: 'SLW-TOF-025', message });
  }
}

async function adopt(call: TofuCall, { address, id }: FoundResource, report: (report: StepReport) => void): Promise<void> {
  try {
    await importResource(call, address, id);
    report({ type: 'progress', message: `took ${address} (${id}) back into the state` });
  } catch (thrown) {
    if (call.signal.aborted) throw thrown;
    const why = thrown instanceof Error ? thrown.message : String(thrown);
    report({
      type: 'finding',
      level: 'warning',
      code: 'SLW-TOF-025',
      message: `${address} (${id}) could not be taken back into the state: ${why}`,
    });
  }
}

/** Pure: creations that are in no state; those that never began are not among them. */
export function lostResources(
  messages: readonly TofuMessage[],
  known: ReadonlyMap<string, { readonly id?: string }>,
): readonly LostResource[] {
  const begun = new Map<string, LostResource>();
  const gone = new Set<string>();
  for (const message of messages) {
    if (message.type !== 'apply') continue;
    const { address, resourceType: type, phase, id, action } = message;
    if (action === 'delete' && phase === 'complete') gone.add(address);
    if (action === 'create') begun.set(address, { address, type, hasFailed: phase === 'errored', ...(id !== undefined && { id }) });
  }
  return [...begun.values()].filter(({ address, id }) => {
    const there = known.get(address);
    if (there === undefined) return true;
    // The same address with another id is what the run has destroyed before.
    return id === undefined ? gone.has(address) : there.id !== undefined && there.id !== id;
  });
}
