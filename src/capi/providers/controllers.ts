/**
 * Stops and starts the managers of all providers on a cluster, by scaling their Deployments, so that nobody acts on its objects.
 * A stopped manager serves no webhooks either. The mark that it was stopped stands on the Deployment: `up` leaves it stopped.
 */
import { SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient, ObjectRef } from '../../kube/types.ts';

/** Annotation on a Deployment that `stopControllers` scaled to 0; its value is the number of replicas it had. */
export const STOPPED_ANNOTATION = 'slipway.dev/stopped-replicas';

export interface ControllersOptions {
  readonly host: Host;
  readonly signal: AbortSignal;
  /** Bound of the wait for pods to go or to come. */
  readonly timeoutMs: number;
  /** Told which pods are waited for. */
  readonly onWaiting?: (object: string, reason: string) => void;
}

/**
 * Scales every Deployment with the label `cluster.x-k8s.io/provider` to 0 and waits until none of its pods is left; gives the Deployments.
 * Safe to call again. On a local cluster somebody must watch its runtime meanwhile, or pods never go. @throws SLW-CAP-004
 */
export function stopControllers(_client: KubeClient, _options: ControllersOptions): Promise<readonly ObjectRef[]> {
  throw new SlipwayError('SLW-BUG-001', 'stopping controllers is not built yet');
}

/**
 * Scales what `stopControllers` stopped back, and waits until it is available. Safe to call again; touches nothing that was not stopped by it.
 * On a local cluster somebody must watch its runtime meanwhile, and webhooks are to be connected again after it. @throws SLW-CAP-004
 */
export function startControllers(_client: KubeClient, _options: ControllersOptions): Promise<readonly ObjectRef[]> {
  throw new SlipwayError('SLW-BUG-001', 'starting controllers is not built yet');
}
