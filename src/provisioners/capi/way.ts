/** A cluster that holds Cluster API objects at some time: the bootstrap cluster or the management cluster. Plain data, and the way to it. */
import type { Json } from '../../core/digest.ts';
import type { StepId, StepRecord } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProviderName } from '../../capi/providers/provider.ts';
import type { Placement } from '../../capi/providers/options.ts';
import { connectWhenServing } from '../on-this-machine.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { connectToSame } from '../reach-existing.ts';

/** How a cluster is reached: its folder on this machine, a kubeconfig file, or the record of the step that reached what was there before. */
export type Way =
  | { readonly kind: 'folder'; readonly dir: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'existing'; readonly step: StepId };

/** Also stands in undo records, so that `down` needs no project file. */
export interface Place {
  readonly name: string;
  readonly way: Way;
  readonly providers: readonly ProviderName[];
  /** Mark of what is ours on it. */
  readonly owner: string;
  /** Where the in-memory cloud says how it is reached; only with that provider. */
  readonly cloudFile?: string;
}

export interface Guide {
  readonly host: Host;
  readonly context: ProvisionerContext;
  readonly signal: AbortSignal;
  /** Record of a step; for existing clusters. */
  readonly record: (step: StepId) => StepRecord | undefined;
}

/** Undefined while there is nothing to ask: not made yet, gone, or its processes do not run. */
export async function connectTo({ way }: Pick<Place, 'way'>, guide: Guide): Promise<KubeClient | undefined> {
  const { host, context, signal } = guide;
  if (way.kind === 'folder') return connectWhenServing({ host }, context, way.dir);
  if (way.kind === 'existing') {
    const record = guide.record(way.step);
    return record && connectToSame(record, { context, signal });
  }
  const text = await host.files.readText(way.path);
  return text === undefined ? undefined : context.connect({ text, path: way.path });
}

export function placementOf({ way, cloudFile }: Place): Placement {
  if (way.kind !== 'folder') return { kind: 'kubelet' };
  return { kind: 'local', clusterDir: way.dir, ...(cloudFile !== undefined && { cloudFile }) };
}

export const placeData = (place: Place): Json => ({ ...place, way: { ...place.way }, providers: [...place.providers] });

export const placeFrom = (data: Json): Place => data as unknown as Place;
