/** What of the wanted providers a cluster has, and whose it is; refuses what must not be touched. */
import { SlipwayError } from '../../core/errors.ts';
import { isOurs } from '../../kube/ownership.ts';
import type { KubeClient, KubeObject } from '../../kube/types.ts';
import { CLUSTER, PROVIDER_LABEL } from '../words.ts';
import type { ProviderComponents } from './components.ts';
import { isStopped, listManagers } from './deployment.ts';
import { versionOfObject } from './installed.ts';

export interface Standing {
  readonly components: ProviderComponents;
  /** `foreign`: installed by others, used and left alone. */
  readonly state: 'absent' | 'ours' | 'foreign';
  /** Of what stands there. */
  readonly version: string | undefined;
  readonly isStopped: boolean;
}

const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

/** In the order of the components. @throws SLW-CAP-002, -003 */
export async function surveyProviders(
  client: KubeClient,
  components: readonly ProviderComponents[],
  { owner, signal }: { readonly owner: string; readonly signal: AbortSignal },
): Promise<readonly Standing[]> {
  const managers = await listManagers(client, signal);
  const standings = await Promise.all(
    components.map(async (wanted): Promise<Standing> => {
      const objects = wanted.facts.deployment === undefined ? await definitionsOf(client, wanted, signal) : managersOf(managers, wanted);
      return standingOf(wanted, objects, owner);
    }),
  );
  if (standings.some(({ state, components }) => state === 'foreign' && components.facts.name === 'core'))
    await requireServed(client, signal);
  return standings;
}

const managersOf = (deployments: readonly KubeObject[], { facts }: ProviderComponents): readonly KubeObject[] =>
  deployments.filter(({ metadata }) => metadata.labels?.[PROVIDER_LABEL] === facts.label);

async function definitionsOf(client: KubeClient, { facts }: ProviderComponents, signal: AbortSignal): Promise<readonly KubeObject[]> {
  return (await client.list(DEFINITION, { labelSelector: `${PROVIDER_LABEL}=${facts.label}`, signal })).items;
}

function standingOf(components: ProviderComponents, objects: readonly KubeObject[], owner: string): Standing {
  const [first] = objects;
  if (first === undefined) return { components, state: 'absent', version: undefined, isStopped: false };
  const foreign = objects.find((object) => !isOurs(object, owner));
  const version = versionOfObject(foreign ?? first);
  // Definitions of `local` are Slipway's, whichever project put them there first.
  const isShared = foreign !== undefined && components.facts.name !== 'local';
  if (!isShared) requireNoDowngrade(components, version);
  return { components, state: isShared ? 'foreign' : 'ours', version, isStopped: objects.some(isStopped) };
}

function requireNoDowngrade({ facts, version }: ProviderComponents, installed: string | undefined): void {
  if (installed === undefined || compareVersions(installed, version) <= 0) return;
  throw new SlipwayError('SLW-CAP-002', `the provider ${facts.name} is installed in ${installed}, and this slipway brings ${version}`, {
    object: `Provider/${facts.name}`,
    data: { installed, brings: version },
  });
}

/** Others' providers are used only when they speak the version of Cluster API that everything here is written in. */
async function requireServed(client: KubeClient, signal: AbortSignal): Promise<void> {
  if (await client.serves(CLUSTER, signal)) return;
  throw new SlipwayError(
    'SLW-CAP-003',
    `the Cluster API on ${client.server}, installed by others, does not serve ${CLUSTER.kind} in ${CLUSTER.apiVersion}`,
  );
}

/** Numbers compare as numbers, a pre-release comes before its release; what is no version compares as older. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [versionParts(a), versionParts(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left.numbers[i] ?? -1) - (right.numbers[i] ?? -1);
    if (difference !== 0) return difference;
  }
  if (left.pre === right.pre) return 0;
  if (left.pre === '') return 1;
  if (right.pre === '') return -1;
  return left.pre.localeCompare(right.pre, 'en', { numeric: true });
}

function versionParts(version: string): { readonly numbers: readonly number[]; readonly pre: string } {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:-([^+]+))?/.exec(version);
  return { numbers: match ? [Number(match[1]), Number(match[2]), Number(match[3])] : [], pre: match?.[4] ?? '' };
}

/** Providers whose managers serve, or will serve, webhooks that Slipway connects. */
export const connectable = (standings: readonly Standing[]): readonly Standing[] =>
  standings.filter(({ state, isStopped, components }) => state !== 'foreign' && !isStopped && components.facts.deployment !== undefined);
