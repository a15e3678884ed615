/**
 * What every network provider offers: it turns one `kind: Network` into steps and knows how to look at the result.
 * Providers never import each other; the registry is built by the project layer and handed down.
 */
import type { ResolvedNetwork } from '../config/resolved-network.ts';
import type { CloudContext } from '../cloud/cloud.ts';
import type { ObjectStore } from '../engine/remote/store.ts';
import type { Step, StepId, StepRecord, UndoHandlers } from '../engine/step.ts';

export interface NetworkContext extends CloudContext {
  readonly project: string;
  /** Identity of the state folder. */
  readonly stateId: string;
  /** Outputs of other documents, as far as they are known. */
  readonly outputs: (target: string, output: string) => string | undefined;
}

/** A look at a network without touching it; `records` is the ledger. */
export interface NetworkView {
  readonly name: string;
  /** Undefined when the document is gone from the project or the project cannot be read. */
  readonly network: ResolvedNetwork | undefined;
  readonly records: ReadonlyMap<StepId, StepRecord>;
}

export interface NetworkPart {
  /** `Vpn/main-0`, `Certificate/server`. */
  readonly kind: string;
  readonly name: string;
  readonly state: 'ready' | 'progressing' | 'failed' | 'stopped' | 'unknown';
  readonly reason?: string;
  readonly message?: string;
  readonly facts?: Readonly<Record<string, string>>;
}

export interface NetworkProvider {
  readonly name: ResolvedNetwork['provider'];
  steps(network: ResolvedNetwork, context: NetworkContext): readonly Step[];
  /** Undo handlers of its steps, by the names in the journal. */
  undoHandlers(context: NetworkContext): UndoHandlers;
  /** Short facts of the network, and its parts that can be well or ill. Bounded by the signal. */
  look(view: NetworkView, context: NetworkContext, signal: AbortSignal): Promise<NetworkLook>;
  /** Where the identity of its VPN lies; undefined when it has none, or none yet. */
  vpnStore(view: NetworkView, context: NetworkContext, signal: AbortSignal): Promise<ObjectStore | undefined>;
}

export interface NetworkLook {
  readonly facts: Readonly<Record<string, string>>;
  readonly parts: readonly NetworkPart[];
}

export type NetworkRegistry = ReadonlyMap<string, NetworkProvider>;
