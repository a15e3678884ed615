/** Which providers a cluster has, whoever installed them. Reads only. */
import type { KubeClient, KubeObject, ObjectRef } from '../../kube/types.ts';
import { PROVIDER_LABEL } from '../words.ts';
import { VERSION_LABEL } from './components.ts';
import { DEPLOYMENT, isStopped, listManagers, managerOf } from './deployment.ts';
import { providerTable, PROVIDER_TYPES, type ProviderType } from './provider.ts';

export interface InstalledProvider {
  /** Value of the label `cluster.x-k8s.io/provider`: `cluster-api`, `bootstrap-kubeadm`, `infrastructure-docker` … */
  readonly label: string;
  readonly type: ProviderType | undefined;
  readonly namespace: string;
  /** `v1.14.0`; undefined where neither image nor label says. */
  readonly version: string | undefined;
  /** `key=true` of the manager's --feature-gates. */
  readonly featureGates: Readonly<Record<string, boolean>>;
  /** Deployments of its managers. */
  readonly deployments: readonly ObjectRef[];
  /** Whether its managers were stopped by `stopControllers`. */
  readonly isStopped: boolean;
}

const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

/** In the order core, bootstrap, control plane, infrastructure, others; empty on a cluster without Cluster API. */
export async function readProviders(client: KubeClient, signal: AbortSignal): Promise<readonly InstalledProvider[]> {
  const local = providerTable.local;
  const [managers, definitions] = await Promise.all([
    listManagers(client, signal),
    client.list(DEFINITION, { labelSelector: `${PROVIDER_LABEL}=${local.label}`, signal }),
  ]);
  const byLabel = Map.groupBy(managers, ({ metadata }) => metadata.labels?.[PROVIDER_LABEL] ?? '');
  const managed = [...byLabel].map(([label, objects]) => installedBy(label, objects));
  const [definition] = definitions.items;
  const withoutManager: readonly InstalledProvider[] = definition
    ? [
        {
          label: local.label,
          type: local.type,
          namespace: local.namespace,
          version: versionOfObject(definition),
          featureGates: {},
          deployments: [],
          isStopped: false,
        },
      ]
    : [];
  return [...managed, ...withoutManager].toSorted((a, b) => rank(a) - rank(b) || (a.label < b.label ? -1 : 1));
}

const rank = ({ type }: InstalledProvider): number => (type === undefined ? PROVIDER_TYPES.length : PROVIDER_TYPES.indexOf(type));

function installedBy(label: string, objects: readonly KubeObject[]): InstalledProvider {
  const [first] = objects;
  return {
    label,
    type: typeOf(label),
    namespace: first?.metadata.namespace ?? '',
    version: first && versionOfObject(first),
    featureGates: Object.assign({}, ...objects.map(gatesOf)) as Readonly<Record<string, boolean>>,
    deployments: objects.map(({ metadata }) => ({ ...DEPLOYMENT, namespace: metadata.namespace ?? 'default', name: metadata.name })),
    isStopped: objects.some(isStopped),
  };
}

const PREFIXES: readonly (readonly [string, ProviderType])[] = [
  ['bootstrap-', 'BootstrapProvider'],
  ['control-plane-', 'ControlPlaneProvider'],
  ['infrastructure-', 'InfrastructureProvider'],
];

/** By clusterctl's naming of the label. */
function typeOf(label: string): ProviderType | undefined {
  if (label === providerTable.core.label) return 'CoreProvider';
  return PREFIXES.find(([prefix]) => label.startsWith(prefix))?.[1];
}

/** The tag of the manager's image, else a label. */
export function versionOfObject(object: KubeObject): string | undefined {
  const [image = ''] = (managerOf(object)?.image ?? '').split('@');
  const tag = image.slice(image.lastIndexOf('/') + 1).split(':')[1];
  return tag ?? object.metadata.labels?.[VERSION_LABEL];
}

function gatesOf(deployment: KubeObject): Readonly<Record<string, boolean>> {
  const flag = managerOf(deployment)?.args?.findLast((arg) => /^--?feature-gates=/.test(arg));
  const pairs = flag?.slice(flag.indexOf('=') + 1).split(',') ?? [];
  return Object.fromEntries(
    pairs.flatMap((pair) => {
      const [name = '', value] = pair.split('=');
      return name === '' || value === undefined ? [] : [[name, value === 'true']];
    }),
  );
}
