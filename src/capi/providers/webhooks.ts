/** Tells the API server where the webhooks of the providers are: admission, and conversion of definitions; and proves that it knows. */
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { readCluster } from '../../control-plane/local-cluster.ts';
import { observeProcess } from '../../control-plane/processes.ts';
import { WEBHOOK_PORT } from '../../control-plane/runtime/image-adapters.ts';
import { podEntries } from '../../control-plane/runtime/run-pod.ts';
import type { Host } from '../../host/host.ts';
import { applyObjects } from '../../kube/apply.ts';
import { diffObjects } from '../../kube/diff.ts';
import { inPhases } from '../../kube/phases.ts';
import { type KubeClient, type KubeObject, refOf } from '../../kube/types.ts';
import { waitReady } from '../../kube/wait.ts';
import { CLUSTER, CLUSTER_NAME_LABEL, INFRASTRUCTURE_GROUP, MACHINE } from '../words.ts';
import { readAuthorities } from './certificates.ts';
import { connectionObjects, isDefinition, loadProviders, type WebhookAddress } from './components.ts';
import type { Placement } from './options.ts';
import type { ProviderFacts, ProviderName } from './provider.ts';
import { connectable, type Standing, surveyProviders } from './survey.ts';

export interface ConnectWebhooksOptions {
  readonly host: Host;
  readonly providers: readonly ProviderName[];
  readonly owner: string;
  readonly placement: Placement;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Its own, because the install step must not take back what it does not apply. */
const FIELD_MANAGER = 'slipway-webhooks';

export interface Connection {
  readonly provider: ProviderFacts;
  /** `not running`: its manager has no port yet. */
  readonly state: 'connected' | 'new' | 'stale' | 'not running';
  /** Fields that differ, for `stale`. */
  readonly fields: readonly string[];
  readonly objects: readonly KubeObject[];
}

/** How the webhooks of each of our providers stand; providers of others and stopped ones are left out. Reads only. @throws SLW-CAP-002, -003 */
export async function findConnections(client: KubeClient, options: ConnectWebhooksOptions): Promise<readonly Connection[]> {
  const { host, owner, signal } = options;
  const standings = await surveyProviders(client, await loadProviders(host, options.providers), { owner, signal });
  return Promise.all(connectable(standings).map((standing) => connectionOf(client, standing, options)));
}

async function connectionOf(client: KubeClient, { components, state }: Standing, options: ConnectWebhooksOptions): Promise<Connection> {
  const provider = components.facts;
  const address = state === 'absent' ? undefined : await addressOf(client, provider, options);
  if (!address) return { provider, state: 'not running', fields: [], objects: [] };
  const objects = connectionObjects(components, options.owner, address);
  const { signal } = options;
  const [definitions, admission] = [objects.filter(isDefinition), objects.filter((object) => !isDefinition(object))];
  const [diffs, converted] = await Promise.all([
    diffObjects(client, admission, { force: true, fieldManager: FIELD_MANAGER, signal }),
    Promise.all(definitions.map((definition) => isConverted(client, definition, signal))),
  ]);
  const fields = new Set(diffs.flatMap(({ fields }) => fields));
  if (converted.includes(false)) fields.add('spec.conversion');
  if (diffs.every(({ action }) => action === 'none') && fields.size === 0) return { provider, state: 'connected', fields: [], objects };
  const isNew = diffs.every(({ action }) => action === 'create');
  return { provider, state: isNew ? 'new' : 'stale', fields: [...fields], objects };
}

/** By a look: a dry run of a definition has the server check all its schemas. */
async function isConverted(client: KubeClient, wanted: KubeObject, signal: AbortSignal): Promise<boolean> {
  const live = await client.get(refOf(wanted), signal);
  return live !== undefined && contains(conversionOf(live), conversionOf(wanted));
}

const conversionOf = (definition: KubeObject): unknown => (definition['spec'] as { readonly conversion?: unknown } | undefined)?.conversion;

/** Whether all that is wanted stands there; the server may have added defaults. Another address beside ours is no addition. */
function contains(live: unknown, wanted: unknown): boolean {
  if (typeof wanted !== 'object' || wanted === null) return live === wanted;
  if (typeof live !== 'object' || live === null) return false;
  const [has, wants] = [live as Readonly<Record<string, unknown>>, wanted as Readonly<Record<string, unknown>>];
  if ('url' in wants && 'service' in has) return false;
  return Object.entries(wants).every(([key, value]) => contains(has[key], value));
}

async function addressOf(
  client: KubeClient,
  provider: ProviderFacts,
  options: ConnectWebhooksOptions,
): Promise<WebhookAddress | undefined> {
  const { host, placement, signal } = options;
  if (placement.kind === 'kubelet') {
    const ca = await readAuthorities(client, signal);
    return ca === undefined ? undefined : { ca };
  }
  const cluster = await readCluster(host, placement.clusterDir);
  const ca = await host.files.readText(clusterLayout(placement.clusterDir).cert('ca'));
  const port = cluster && (await webhookPort(host, cluster.clusterId, provider));
  return port === undefined || ca === undefined ? undefined : { baseUrl: `https://127.0.0.1:${port}`, ca };
}

/** Of the process that runs for the provider; of the last one when none does. */
async function webhookPort(host: Host, clusterId: string, { namespace, deployment = '' }: ProviderFacts): Promise<number | undefined> {
  const entries = (await podEntries(host, clusterId)).filter(({ labels }) => labels['pod']?.startsWith(`${namespace}/${deployment}-`));
  const states = await Promise.all(entries.map((entry) => observeProcess(host, entry)));
  const byAge = states.toSorted((a, b) => Number(b.state === 'running') - Number(a.state === 'running') || started(b) - started(a));
  return byAge[0]?.entry?.ports[WEBHOOK_PORT];
}

const started = ({ entry }: { readonly entry?: { readonly startedAt: number } }): number => entry?.startedAt ?? 0;

/**
 * Safe to call again; needed again whenever a manager was started anew on another port. Providers that are stopped are left as they are.
 * Returns once the API server asks the webhooks. @throws SLW-CAP-005
 */
export async function connectWebhooks(client: KubeClient, options: ConnectWebhooksOptions): Promise<void> {
  if (options.placement.kind === 'kubelet') await waitForManagers(client, options);
  const connections = await findConnections(client, options);
  const missing = connections.find(({ state }) => state === 'not running');
  if (missing)
    throw new SlipwayError('SLW-CAP-005', `the manager of ${missing.provider.name} does not run, so its webhooks cannot be connected`, {
      object: `Deployment/${missing.provider.namespace}/${missing.provider.deployment ?? ''}`,
    });
  const stale = connections.filter(({ state }) => state !== 'connected');
  // In phases over all providers: the API server reads each kind in order, so that the proof below speaks for all of them.
  for (const phase of inPhases(stale.toReversed().flatMap(({ objects }) => objects)))
    await applyObjects(client, phase, { host: options.host, force: true, fieldManager: FIELD_MANAGER, signal: options.signal });
  if (connections.some(({ provider }) => provider.name === 'core')) await proveAdmission(client, options);
}

/** Pods that do not serve yet would make every write of Cluster API's objects fail. */
async function waitForManagers(client: KubeClient, { host, providers, owner, signal, timeoutMs }: ConnectWebhooksOptions): Promise<void> {
  const standings = await surveyProviders(client, await loadProviders(host, providers), { owner, signal });
  const refs = connectable(standings).map(({ components: { facts } }) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: facts.namespace,
    name: facts.deployment ?? '',
  }));
  await waitReady(client, refs, { host, signal, timeoutMs });
}

const PROBE = { name: 'slipway-probe', namespace: 'default' };
/** Passes the schema, and is refused by the validating webhook. */
const INVALID_CLUSTER: KubeObject = {
  ...CLUSTER,
  metadata: PROBE,
  spec: {
    clusterNetwork: { pods: { cidrBlocks: ['no-cidr'] } },
    infrastructureRef: { apiGroup: INFRASTRUCTURE_GROUP, kind: 'Probe', name: 'probe' },
  },
};
/** Gets the label of its cluster from the mutating webhook. */
const MACHINE_TO_DEFAULT: KubeObject = {
  ...MACHINE,
  metadata: PROBE,
  spec: {
    clusterName: 'probe',
    bootstrap: { dataSecretName: 'probe' },
    infrastructureRef: { apiGroup: INFRASTRUCTURE_GROUP, kind: 'Probe', name: 'probe' },
  },
};
const PROBE_PAUSE_MS = 50;

/** The API server hears of new webhooks a moment later; until then it would take objects unchecked. By dry runs: nothing is stored. */
async function proveAdmission(client: KubeClient, { host, signal, timeoutMs }: ConnectWebhooksOptions): Promise<void> {
  for (const begun = host.clock.monotonic(); ; await host.clock.sleep(PROBE_PAUSE_MS, signal)) {
    const reason = (await whyNotDefaulted(client, signal)) ?? (await whyNotRefused(client, signal));
    if (reason === undefined) return;
    if (host.clock.monotonic() - begun > timeoutMs)
      throw new SlipwayError(
        'SLW-CAP-005',
        `the API server does not ask the webhooks of core after ${formatDuration(timeoutMs)}: ${reason}`,
      );
  }
}

async function whyNotDefaulted(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    const machine = await client.create(MACHINE_TO_DEFAULT, { dryRun: true, signal });
    return machine.metadata.labels?.[CLUSTER_NAME_LABEL] === undefined ? 'it stores objects without their defaults' : undefined;
  } catch (error) {
    return unlessSlipway(error);
  }
}

async function whyNotRefused(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  try {
    await client.create(INVALID_CLUSTER, { dryRun: true, signal });
    return 'it stores objects unchecked';
  } catch (error) {
    const reason = unlessSlipway(error);
    return /CIDR|cidr/.test(reason) && !/webhook.*(failed|refused|timeout)/.test(reason) ? undefined : reason;
  }
}

function unlessSlipway(error: unknown): string {
  if (!isSlipwayError(error)) throw error;
  return error.message;
}
