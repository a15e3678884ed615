/** Puts the providers onto a cluster, core first, and says beforehand what that would change. */
import type { ChangeDetail, StepReport } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import { applyObjects } from '../../kube/apply.ts';
import { type DeleteOptions, deleteObjects } from '../../kube/delete.ts';
import { diffObjects, type ObjectDiff } from '../../kube/diff.ts';
import { isOurs } from '../../kube/ownership.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef, refOf } from '../../kube/types.ts';
import { waitReady } from '../../kube/wait.ts';
import { ensureCertificates, findCertificateFaults } from './certificates.ts';
import { baseObjects, loadProviders } from './components.ts';
import { DEPLOYMENT } from './deployment.ts';
import type { Placement } from './options.ts';
import type { ProviderName } from './provider.ts';
import { type Standing, surveyProviders } from './survey.ts';

export interface InstallOptions {
  readonly host: Host;
  readonly providers: readonly ProviderName[];
  readonly owner: string;
  readonly placement: Placement;
  readonly signal: AbortSignal;
  /** Bound of each wait. */
  readonly timeoutMs: number;
  readonly report?: (report: StepReport) => void;
}

export interface InstallPlan {
  readonly standings: readonly Standing[];
  readonly details: readonly ChangeDetail[];
  /** Objects that stood there before ours, and must survive us: `Kind/namespace/name`. */
  readonly keep: readonly string[];
}

/** What `installProviders` would do. Reads only. @throws SLW-CAP-001, -002, -003 */
export async function planInstall(client: KubeClient, options: InstallOptions): Promise<InstallPlan> {
  const { host, owner, placement, signal } = options;
  const standings = await surveyProviders(client, await loadProviders(host, options.providers), { owner, signal });
  const ours = standings.filter(({ state }) => state !== 'foreign');
  const ending = await endingNamespaces(client, ours, signal);
  const diffs = await Promise.all(ours.map((standing) => diffProvider(client, standing, { ...options, ending })));
  const components = ours.map((standing) => standing.components);
  const certificates = placement.kind === 'kubelet' ? await findCertificateFaults(client, host, { components, signal }) : [];
  const details = [
    ...ours.flatMap(versionDetail),
    ...diffs
      .flat()
      .filter(({ action }) => action !== 'none')
      .map(toDetail),
    ...certificates.map(({ ref, kind }): ChangeDetail => ({
      object: formatRef(ref),
      kind,
      ...(kind === 'update' && { reason: 'certificate is due for renewal' }),
    })),
  ];
  const touched = diffs.flat().filter(({ action }) => action === 'update');
  const standing = await Promise.all(touched.map(({ ref }) => client.get(ref, signal)));
  const keep = standing
    .filter((object): object is KubeObject => object !== undefined && !isOurs(object, owner))
    .map((object) => formatRef(refOf(object)));
  return { standings, details, keep };
}

/** An upgrade is one line of its own, before the objects it touches. */
function versionDetail({ components, state, version }: Standing): readonly ChangeDetail[] {
  if (state !== 'ours' || version === undefined || version === components.version) return [];
  return [{ object: `Provider/${components.facts.name}`, kind: 'update', reason: `${version} -> ${components.version}` }];
}

function toDetail({ ref, action, fields }: ObjectDiff): ChangeDetail {
  const kind = action === 'create' ? 'create' : action === 'replace' ? 'replace' : 'update';
  return { object: formatRef(ref), kind, ...(fields.length > 0 && { reason: fields.join(', ') }) };
}

/** What stands in a namespace on its way out goes along, and comes with the next one. */
async function diffProvider(
  client: KubeClient,
  { components, isStopped }: Standing,
  { owner, placement, ending, signal }: InstallOptions & { readonly ending: readonly string[] },
): Promise<readonly ObjectDiff[]> {
  const objects = baseObjects(components, { owner, placement, isStopped });
  const isWithin = ({ kind, metadata }: KubeObject): boolean =>
    ending.includes(kind === 'Namespace' ? metadata.name : (metadata.namespace ?? ''));
  const beside = await diffObjects(
    client,
    objects.filter((object) => !isWithin(object)),
    { force: true, signal },
  );
  return [...objects.filter(isWithin).map((object): ObjectDiff => ({ ref: refOf(object), action: 'create', fields: [] })), ...beside];
}

async function endingNamespaces(client: KubeClient, standings: readonly Standing[], signal: AbortSignal): Promise<readonly string[]> {
  const names = standings.map(({ components }) => components.facts.namespace);
  const objects = await Promise.all(names.map((name) => client.get(namespaceRef(name), signal)));
  return objects.flatMap((object) => (object?.metadata.deletionTimestamp === undefined ? [] : [object.metadata.name]));
}

const namespaceRef = (name: string): ObjectRef => ({ apiVersion: 'v1', kind: 'Namespace', name });

/**
 * Safe to call again. The managers run once the local runtime, or a kubelet, has started them; then `connectWebhooks`. Providers of others
 * are left alone. Gives the versions that the cluster has now, by provider.
 * @throws SLW-CAP-001, -002 (a newer one is there), -003 (one of others that does not fit), -007
 */
export async function installProviders(client: KubeClient, options: InstallOptions): Promise<Readonly<Record<string, string>>> {
  const { host, owner, placement, signal } = options;
  const standings = await surveyProviders(client, await loadProviders(host, options.providers), { owner, signal });
  const ours = standings.filter(({ state }) => state !== 'foreign');
  await awaitEnds(client, await endingNamespaces(client, ours, signal), options);
  const upgrades = ours.filter(isUpgrade);
  await applyComponents(
    client,
    ours.filter((standing) => !isUpgrade(standing)),
    options,
  );
  for (const standing of upgrades) await upgradeOne(client, standing, options);
  if (placement.kind === 'kubelet')
    await ensureCertificates(client, host, { components: ours.map(({ components }) => components), owner, signal });
  return Object.fromEntries(
    standings.map(({ components, state, version }) => [
      components.facts.name,
      state === 'foreign' ? (version ?? 'unknown') : components.version,
    ]),
  );
}

const isUpgrade = ({ state, version, components }: Standing): boolean => state === 'ours' && version !== components.version;

async function applyComponents(client: KubeClient, standings: readonly Standing[], options: InstallOptions): Promise<void> {
  const { host, owner, placement, signal, report } = options;
  const objects = standings.flatMap(({ components, isStopped }) => baseObjects(components, { owner, placement, isStopped }));
  await applyObjects(client, objects, {
    host,
    force: true,
    signal,
    onObject: (_applied, done, total) => report?.({ type: 'progress', message: 'apply Cluster API components', done, total }),
  });
}

/** Where a kubelet runs them, each manager is replaced before the next provider is touched; processes follow when the runtime converges. */
async function upgradeOne(client: KubeClient, standing: Standing, options: InstallOptions): Promise<void> {
  const { host, placement, signal, timeoutMs } = options;
  const { facts } = standing.components;
  await applyComponents(client, [standing], options);
  if (standing.isStopped || placement.kind !== 'kubelet' || facts.deployment === undefined) return;
  await waitReady(client, [{ ...DEPLOYMENT, namespace: facts.namespace, name: facts.deployment }], {
    host,
    signal,
    timeoutMs,
  });
}

async function awaitEnds(client: KubeClient, names: readonly string[], { host, signal, timeoutMs, report }: InstallOptions): Promise<void> {
  if (names.length === 0) return;
  const onBlocked: DeleteOptions['onBlocked'] = ([first]) =>
    first && report?.({ type: 'waiting', object: formatRef(first.ref), reason: 'Terminating', message: first.reason, boundMs: timeoutMs });
  await deleteObjects(client, names.map(namespaceRef), { host, signal, timeoutMs, onBlocked });
}

/** Secrets beyond the components, by kind of placement; for what a plan announces. */
export const secretCount = (placement: Placement, managers: number): number =>
  placement.kind === 'kubelet' && managers > 0 ? managers + 1 : 0;
