/** The step that installs, corrects and upgrades the providers of a cluster. */
import type { Json } from '../../core/digest.ts';
import { SlipwayError } from '../../core/errors.ts';
import {
  type ApplyContext,
  type Change,
  defineStep,
  type Intent,
  type Outputs,
  type Step,
  type StepContext,
  type StepRecord,
} from '../../engine/step.ts';
import type { KubeClient } from '../../kube/types.ts';
import { baseObjects, loadProviders, type ProviderComponents } from './components.ts';
import { installProviders, type InstallOptions, type InstallPlan, planInstall, secretCount } from './install.ts';
import { type ProviderStepsOptions, providerStepIds, REMOVE_PROVIDERS } from './options.ts';

interface Observed {
  readonly components: readonly ProviderComponents[];
  /** Undefined while there is no cluster to ask. */
  readonly plan: InstallPlan | undefined;
}

export function installProvidersStep(options: ProviderStepsOptions): Step {
  return defineStep<Observed>({
    id: providerStepIds(options.clusterName).install,
    title: `install Cluster API on ${options.clusterName}`,
    subject: options.subject,
    needs: options.needs,
    observe: (context) => observe(context, options),
    change: (observed) => installChange(observed, options),
    intent: (observed, _change, { record }) => Promise.resolve(installIntent(observed, options, record)),
    apply: (context) => apply(context, options),
  });
}

const installOptions = (context: StepContext, options: ProviderStepsOptions): InstallOptions => ({
  host: context.host,
  providers: options.providers,
  owner: options.owner,
  placement: options.placement,
  signal: context.signal,
  timeoutMs: context.timeoutMs,
  report: context.report,
});

async function observe(context: StepContext, options: ProviderStepsOptions): Promise<Observed> {
  const components = await loadProviders(context.host, options.providers);
  const client = await options.connect(context);
  return { components, plan: client && (await planInstall(client, installOptions(context, options))) };
}

function installChange({ components, plan }: Observed, { placement, owner }: ProviderStepsOptions): Change {
  const names = components.map(({ facts, version }) => `${facts.name} ${version}`).join(', ');
  if (plan === undefined) {
    const objects = components.flatMap((provider) => baseObjects(provider, { owner, placement, isStopped: false }));
    const secrets = secretCount(placement, components.filter(({ facts }) => facts.deployment !== undefined).length);
    const announces = countKinds([...objects, ...Array.from({ length: secrets }, () => ({ kind: 'Secret' }))]);
    return { kind: 'deferred', summary: `install Cluster API: ${names}`, announces };
  }
  const { details, standings } = plan;
  if (details.length === 0) return { kind: 'none', summary: `Cluster API is installed: ${standings.map(describe).join(', ')}` };
  const isNew = details.every(({ kind }) => kind === 'create');
  const isUpgrade = details.some(({ object }) => object.startsWith('Provider/'));
  const verb = isNew ? 'install' : isUpgrade ? 'upgrade' : 'correct';
  const count = `${details.length} object${details.length === 1 ? '' : 's'}`;
  return { kind: isNew ? 'create' : 'update', summary: `${verb} Cluster API: ${standings.map(describe).join(', ')} (${count})`, details };
}

function describe({ components, state, version, isStopped }: InstallPlan['standings'][number]): string {
  const { name } = components.facts;
  if (state === 'foreign') return `${name} ${version ?? ''} of others`;
  const from = version === undefined || version === components.version ? '' : `${version} -> `;
  return `${name} ${from}${components.version}${isStopped ? ' (stopped)' : ''}`;
}

function countKinds(objects: readonly { readonly kind: string }[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { kind } of objects) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function installIntent({ plan }: Observed, options: ProviderStepsOptions, record: StepRecord | undefined): Intent {
  if (options.undo === 'cluster') return {};
  const before = (record?.intent.undo?.data ?? {}) as { readonly keep?: readonly string[] };
  const keep = [...new Set([...(before.keep ?? []), ...(plan?.keep ?? [])])];
  const { placement, owner, clusterName, providers } = options;
  const place: Json = placement.kind === 'local' ? { clusterDir: placement.clusterDir } : {};
  const data: Json = { cluster: clusterName, owner, keep, providers, ...place };
  return { undo: { handler: REMOVE_PROVIDERS, title: `remove Cluster API from ${clusterName}`, data } };
}

async function apply(context: ApplyContext<Observed>, options: ProviderStepsOptions): Promise<Outputs> {
  const client: KubeClient | undefined = await options.connect(context);
  if (client === undefined) throw new SlipwayError('SLW-BUG-001', `no API server to install Cluster API on ${options.clusterName}`);
  return { versions: await installProviders(client, installOptions(context, options)) };
}
