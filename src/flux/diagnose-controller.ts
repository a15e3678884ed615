/** When nobody has looked at a Flux object: is its controller running? Pure. */
import { readinessOf } from '../kube/readiness.ts';
import { type ObjectRef, refOf } from '../kube/types.ts';
import type { Cause } from './cause.ts';
import { diagnoseObject } from './diagnose-workload.ts';
import { FLUX_NAMESPACE } from './source.ts';
import type { DiagnoseOptions } from './walk.ts';
import { apiGroup, labelOf, type World } from './world.ts';

const CONTROLLERS: Readonly<Record<string, string>> = {
  'source.toolkit.fluxcd.io': 'source-controller',
  'kustomize.toolkit.fluxcd.io': 'kustomize-controller',
  'helm.toolkit.fluxcd.io': 'helm-controller',
};
const SILENCE = new Set(['NotReconciled', 'NotAtHead']);

/** Deployment of the controller whose silence the cause may be. */
export function silentController(cause: Cause): ObjectRef | undefined {
  const name = cause.kind === 'waiting' && SILENCE.has(cause.reason) ? CONTROLLERS[apiGroup(cause.ref.apiVersion)] : undefined;
  return name === undefined ? undefined : { apiVersion: 'apps/v1', kind: 'Deployment', namespace: FLUX_NAMESPACE, name };
}

/** The cause itself, or what keeps its controller from running. Never final: a controller that starts late is no failure. */
export function explainSilence(world: World, cause: Cause, { cannotRun }: DiagnoseOptions): Cause {
  const ref = silentController(cause);
  const controller = ref && world.get(ref);
  if (controller === undefined || readinessOf(controller).state === 'ready') return cause;
  const { object, reason, message, path } = diagnoseObject(world, controller, cannotRun);
  return { ...cause, object: labelOf(object), ref: refOf(object), reason, message, chain: [...cause.chain, ...path] };
}
