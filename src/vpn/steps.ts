/** The step of a project that keeps a VPN's identity in its store: made once, then renewed and published long before anything ends. */
import { type Change, type ChangeDetail, defineStep, type Outputs, type Step, type StepContext, type StepId } from '../engine/step.ts';
import { createIdentity, findDue, keepFetchedKeys, refreshIdentity, type RenewalDue, type VpnIdentity } from './identity.ts';
import { readIdentity, type VpnStore } from './identity-store.ts';
import { fetchKeys } from './forge-keys.ts';
import { changeAndPublish, packGeneration, readPointer } from './generation.ts';
import type { ObjectStore } from '../engine/remote/store.ts';
import { highestTaken } from './reports.ts';
import { missingFiles, type ProvidedSoftware, uploadFiles } from './software.ts';
import { readVpnStatus } from './status.ts';
import type { VpnSettings } from './vpn.ts';

export interface VpnStepInputs {
  readonly store: ObjectStore;
  readonly settings: VpnSettings;
  readonly provided: ProvidedSoftware;
}

export interface VpnStepOptions {
  /** Of the network: `main`. */
  readonly name: string;
  /** `Network/main` */
  readonly subject: string;
  /** Those that make the store, and the hosts' addresses. */
  readonly needs: readonly StepId[];
  /** Undefined while the store is not there. Called for each look and each act; must be cheap the second time. */
  readonly inputs: (context: StepContext) => Promise<VpnStepInputs | undefined>;
}

export const vpnStepId = (name: string): StepId => `vpn/keep-identity/${name}`;

interface Observed {
  readonly known: boolean;
  readonly exists: boolean;
  readonly due: readonly RenewalDue[];
  readonly unpublished: boolean;
  readonly missing: number;
}

/** It has no undo: what it keeps ends with the store, whose loss wants to be confirmed. */
export function vpnStep(options: VpnStepOptions): Step {
  const { name, subject, needs } = options;
  return defineStep<Observed>({
    ...{ subject, needs },
    id: vpnStepId(name),
    title: `keep the identity of the VPN of ${name}`,
    observe: (context) => observe(options, context),
    change: toChange,
    intent: async () => ({}),
    apply: (context) => apply(options, context),
    verify: (context) => tellOfHosts(options, context),
  });
}

async function observe(options: VpnStepOptions, context: StepContext): Promise<Observed> {
  const inputs = await options.inputs(context);
  if (!inputs) return { known: false, exists: false, due: [], unpublished: false, missing: 0 };
  const access = accessOf(inputs, context);
  const [identity, pointer, missing, taken] = await Promise.all([
    readIdentity(access),
    readPointer(access),
    missingFiles(access, inputs.provided),
    highestTaken(access),
  ]);
  if (!identity) return { known: true, exists: false, due: [], unpublished: true, missing: missing.length };
  const due = await findDue(context.host, identity, wanted(inputs));
  const digest = packGeneration(identity, context.host.clock.now()).pointer.digest;
  return { known: true, exists: true, due, unpublished: pointer?.digest !== digest || taken > pointer.revision, missing: missing.length };
}

function toChange({ known, exists, due, unpublished, missing }: Observed): Change {
  if (!known)
    return { kind: 'deferred', summary: 'make the identity of the VPN once its bucket is there', announces: { 'VPN identity': 1 } };
  if (!exists) return { kind: 'create', summary: 'make the authority, the server’s certificate and the revocation list of the VPN' };
  const details: ChangeDetail[] = [
    ...due.filter(({ what }) => what !== 'authority').map(({ what, reason }) => ({ object: what, kind: 'update' as const, reason })),
    ...(missing > 0 ? [{ object: `${missing} files for hosts`, kind: 'create' as const, reason: 'not in the store' }] : []),
    ...(unpublished ? [{ object: 'generation', kind: 'update' as const, reason: 'hosts are given another one' }] : []),
  ];
  if (details.length === 0) return { kind: 'none', summary: 'up to date' };
  return { kind: 'update', summary: `renew ${details.map(({ object }) => object).join(', ')}`, details };
}

/** Files first, so that a host never reads of one that is not there. */
async function apply(options: VpnStepOptions, context: StepContext): Promise<Outputs> {
  const inputs = await options.inputs(context);
  if (!inputs) throw new Error('the store of the VPN is unknown although the steps before it are done');
  const access = accessOf(inputs, context);
  await uploadFiles(access, inputs.provided);
  const identity = await changeAndPublish(access, async (held) => {
    const next = held
      ? await refreshIdentity(context.host, held, wanted(inputs))
      : await createIdentity(context.host, inputs.settings, inputs.provided.software);
    return withKeys(next, inputs, context);
  });
  return { revision: identity.revision, location: inputs.store.location };
}

async function withKeys(identity: VpnIdentity, { settings }: VpnStepInputs, { host, signal, report }: StepContext): Promise<VpnIdentity> {
  const { keys, failures } = await fetchKeys(host, settings.sshUsers, { known: identity.fetchedKeys, signal });
  for (const message of failures) report({ type: 'finding', level: 'warning', message });
  return keepFetchedKeys(host, identity, keys);
}

/** Hosts come and heal by themselves: what they say is told, not waited for. */
async function tellOfHosts(options: VpnStepOptions, context: StepContext): Promise<void> {
  const inputs = await options.inputs(context);
  if (!inputs) return;
  const { hosts, due } = await readVpnStatus(accessOf(inputs, context));
  const warn = (message: string): void => context.report({ type: 'finding', level: 'warning', message });
  for (const { host, state, problems } of hosts) {
    if (state === 'late' || state === 'failing')
      warn(`VPN host ${host} is ${state}${problems.length > 0 ? `: ${problems.join('; ')}` : ''}`);
  }
  for (const { reason } of due.filter(({ what }) => what === 'authority')) warn(`the authority of the VPN ${reason}`);
}

const wanted = ({ settings, provided }: VpnStepInputs) => ({ settings, software: provided.software });
const accessOf = ({ store }: VpnStepInputs, { host, signal }: StepContext): VpnStore => ({ host, store, signal });
