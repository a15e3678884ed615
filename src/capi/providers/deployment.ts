/** The Deployment of a provider's manager as it stands on a cluster: its container, and the marks of one that was stopped or held. */
import type { KubeClient, KubeObject } from '../../kube/types.ts';
import { PROVIDER_LABEL } from '../words.ts';

export const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment' } as const;

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly args?: readonly string[];
}

export interface Manager extends KubeObject {
  readonly spec: { readonly replicas?: number; readonly selector: { readonly matchLabels?: Readonly<Record<string, string>> } };
  readonly status?: { readonly observedGeneration?: number; readonly replicas?: number };
}

/** Of all providers, whoever installed them. */
export async function listManagers(client: KubeClient, signal: AbortSignal): Promise<readonly Manager[]> {
  const { items } = await client.list(DEPLOYMENT, { labelSelector: PROVIDER_LABEL, signal });
  return items as readonly Manager[];
}

/** By convention of the providers; a proxy beside it has other flags. */
export const MANAGER_CONTAINER = 'manager';

export function containersOf(deployment: KubeObject): readonly Container[] {
  const spec = deployment['spec'] as { readonly template?: { readonly spec?: { readonly containers?: readonly Container[] } } } | undefined;
  return spec?.template?.spec?.containers ?? [];
}

/** The manager stands beside proxies in some providers. */
export function managerOf(deployment: KubeObject): Container | undefined {
  const containers = containersOf(deployment);
  return containers.find(({ name }) => name === MANAGER_CONTAINER) ?? containers[0];
}

/** Annotation on a Deployment that `stopControllers` scaled to 0; its value is the number of replicas it had. */
export const STOPPED_ANNOTATION = 'slipway.dev/stopped-replicas';

export const isStopped = ({ metadata }: KubeObject): boolean => metadata.annotations?.[STOPPED_ANNOTATION] !== undefined;

/**
 * The mark and the means of `holdControllers`: a manager with this flag acts only on objects whose label `cluster.x-k8s.io/watch-filter`
 * has the value; its webhooks serve all. The flag is the same in every provider of the project:
 * https://cluster-api.sigs.k8s.io/developer/core/support-multiple-instances
 */
export const HOLD_FLAG = '--watch-filter=slipway.dev-held';

export const isHeld = (deployment: KubeObject): boolean => managerOf(deployment)?.args?.includes(HOLD_FLAG) === true;
