/** Tells the API server where the webhooks of the providers are: admission, and conversion of definitions; and proves that it knows. */
import { SlipwayError } from '../../core/errors.ts';
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
import { readAuthorities } from './certificates.ts';
import { connectionObjects, isDefinition, loadProviders, type WebhookAddress } from './components.ts';
import type { Placement } from './options.ts';
import type { ProviderFacts, ProviderName } from './provider.ts';
import { proveConnected } from './prove.ts';
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
  /** Of the kinds it converts, as the manifests have them. */
  readonly definitions: readonly KubeObject[];
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
  const definitions = components.objects.filter(isDefinition);
  if (!address) return { provider, state: 'not running', fields: [], objects: [], definitions };
  const objects = connectionObjects(components, options.owner, address);
  const { signal } = options;
  const [conversions, admission] = [objects.filter(isDefinition), objects.filter((object) => !isDefinition(object))];
  const [diffs, converted] = await Promise.all([
    diffObjects(client, admission, { force: true, fieldManager: FIELD_MANAGER, signal }),
    Promise.all(conversions.map((definition) => isConverted(client, definition, signal))),
  ]);
  const fields = new Set(diffs.flatMap(({ fields }) => fields));
  if (converted.includes(false)) fields.add('spec.conversion');
  if (diffs.every(({ action }) => action === 'none') && fields.size === 0)
    return { provider, state: 'connected', fields: [], objects, definitions };
  const isNew = diffs.every(({ action }) => action === 'create');
  return { provider, state: isNew ? 'new' : 'stale', fields: [...fields], objects, definitions };
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
  const definitions = stale.flatMap(({ definitions }) => definitions);
  const isCoreOurs = connections.some(({ provider }) => provider.name === 'core');
  await proveConnected(client, {
    ...options,
    definitions,
    isCoreOurs,
    wasCoreStale: stale.some(({ provider }) => provider.name === 'core'),
  });
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
