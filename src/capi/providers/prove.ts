/**
 * Proof that the API server asks the webhooks where they are now. It hears of a change a moment later, and until then would take objects
 * unchecked, without defaults, or ask where a manager was before. By dry runs: nothing is stored.
 */
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient, KubeObject } from '../../kube/types.ts';
import { CLUSTER, CLUSTER_NAME_LABEL, CORE_GROUP, INFRASTRUCTURE_GROUP, MACHINE } from '../words.ts';

export interface ProofOptions {
  readonly host: Host;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  /** Whether the core's webhooks are ours to answer for. */
  readonly isCoreOurs: boolean;
  /** Whether those of core were told anew. */
  readonly wasCoreStale: boolean;
  /** Kinds whose conversion was told anew. */
  readonly definitions: readonly KubeObject[];
}

const PAUSE_MS = 50;
/** Refused by admission. */
const DENIED = 'SLW-KUB-011';
/** A webhook that must be asked does not answer. */
const UNREACHABLE = 'SLW-KUB-016';

/** @throws SLW-CAP-005 at the bound */
export async function proveConnected(client: KubeClient, options: ProofOptions): Promise<void> {
  const { host, signal, timeoutMs } = options;
  let left = questionsOf(client, options);
  for (const begun = host.clock.monotonic(); left.length > 0; await host.clock.sleep(PAUSE_MS, signal)) {
    const reasons = await Promise.all(left.map((ask) => ask()));
    left = left.filter((_ask, index) => reasons[index] !== undefined);
    const [reason] = reasons.filter((text) => text !== undefined);
    if (reason === undefined) return;
    if (host.clock.monotonic() - begun > timeoutMs)
      throw new SlipwayError('SLW-CAP-005', `the API server does not ask the webhooks after ${formatDuration(timeoutMs)}: ${reason}`);
  }
}

/** Undefined: answered; else why not. */
type Question = () => Promise<string | undefined>;

function questionsOf(client: KubeClient, { isCoreOurs, wasCoreStale, definitions, signal }: ProofOptions): readonly Question[] {
  const admission: readonly Question[] = isCoreOurs ? [() => whyNotDefaulted(client, signal), () => whyNotRefused(client, signal)] : [];
  const conversion: readonly Question[] = wasCoreStale ? [() => whyNotConverted(client, signal)] : [];
  const reach = definitions.flatMap(objectsInOldVersions).map(
    (object): Question =>
      () =>
        whyOutOfReach(client, object, signal),
  );
  return [...admission, ...conversion, ...reach];
}

const PROBE = { name: 'slipway-probe', namespace: 'default' };
const ANY_INFRASTRUCTURE = { apiGroup: INFRASTRUCTURE_GROUP, kind: 'Probe', name: 'probe' };
/** Passes the schema, and is refused by the validating webhook. */
const INVALID_CLUSTER: KubeObject = {
  ...CLUSTER,
  metadata: PROBE,
  spec: { clusterNetwork: { pods: { cidrBlocks: ['no-cidr'] } }, infrastructureRef: ANY_INFRASTRUCTURE },
};
/** Gets the label of its cluster from the mutating webhook. */
const MACHINE_TO_DEFAULT: KubeObject = {
  ...MACHINE,
  metadata: PROBE,
  spec: { clusterName: 'probe', bootstrap: { dataSecretName: 'probe' }, infrastructureRef: ANY_INFRASTRUCTURE },
};
/** Its conditions have another name in the stored version: without conversion they would be cut off. */
const OLD_HEALTH_CHECK: KubeObject = {
  apiVersion: `${CORE_GROUP}/v1beta1`,
  kind: 'MachineHealthCheck',
  metadata: PROBE,
  spec: {
    clusterName: 'probe',
    selector: { matchLabels: { probe: 'true' } },
    unhealthyConditions: [{ type: 'Ready', status: 'Unknown', timeout: '5m0s' }],
  },
};

async function whyNotDefaulted(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    const machine = await client.create(MACHINE_TO_DEFAULT, { dryRun: true, signal });
    return machine.metadata.labels?.[CLUSTER_NAME_LABEL] === undefined ? 'it takes objects without their defaults' : undefined;
  } catch (error) {
    return unlessDenied(error);
  }
}

async function whyNotRefused(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    await client.create(INVALID_CLUSTER, { dryRun: true, signal });
    return 'it takes objects unchecked';
  } catch (error) {
    return unlessDenied(error);
  }
}

async function whyNotConverted(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    const { spec } = await client.create(OLD_HEALTH_CHECK, { dryRun: true, signal });
    return Array.isArray((spec as { readonly unhealthyConditions?: unknown }).unhealthyConditions)
      ? undefined
      : 'it takes objects of old versions without converting them';
  } catch (error) {
    return unlessDenied(error);
  }
}

/** A refusal is an answer: by the webhook, or by a policy of the cluster's owner that lets no probe through. Anything else is not one yet. */
function unlessDenied(error: unknown): string | undefined {
  if (!isSlipwayError(error)) throw error;
  return error.code === DENIED ? undefined : error.message;
}

interface DefinitionSpec {
  readonly group: string;
  readonly scope: 'Namespaced' | 'Cluster';
  readonly names: { readonly kind: string };
  readonly versions: readonly { readonly name: string; readonly served: boolean; readonly storage: boolean }[];
}

/** An object of nothing but a name in the youngest version that is not the stored one. */
function objectsInOldVersions(definition: KubeObject): readonly KubeObject[] {
  const { group, scope, names, versions } = definition['spec'] as DefinitionSpec;
  const old = versions.findLast(({ served, storage }) => served && !storage);
  const metadata = scope === 'Namespaced' ? PROBE : { name: PROBE.name };
  return old ? [{ apiVersion: `${group}/${old.name}`, kind: names.kind, metadata }] : [];
}

/** Whatever is said against the object is said after, or without, asking for its conversion; only silence of the webhook counts. */
async function whyOutOfReach(client: KubeClient, object: KubeObject, signal: AbortSignal): Promise<string | undefined> {
  try {
    await client.create(object, { dryRun: true, signal });
    return undefined;
  } catch (error) {
    if (!isSlipwayError(error)) throw error;
    return error.code === UNREACHABLE ? error.message : undefined;
  }
}
