/**
 * Providers of Cluster API on one cluster: what is installed, its webhooks, its removal. Knows clusters only through a KubeClient and,
 * where managers are processes, their folder. Outputs: `capi/install-providers/NAME` gives `versions` by provider.
 */
import type { Step, UndoHandlers } from '../../engine/step.ts';
import { connectWebhooksStep } from './connect-step.ts';
import { installProvidersStep } from './install-step.ts';
import { type ConnectForUndo, type ProviderStepsOptions, REMOVE_PROVIDERS } from './options.ts';
import { removeProvidersHandler } from './remove.ts';

/** Install, then (after the managers run) connect the webhooks. What uses Cluster API needs `providerStepIds(name).connect`. */
export function providerSteps(options: ProviderStepsOptions): readonly Step[] {
  return [installProvidersStep(options), connectWebhooksStep(options)];
}

/** Handlers for the steps of this folder; `connect` finds the cluster of a record. */
export function providerUndoHandlers(connect: ConnectForUndo): UndoHandlers {
  return new Map([[REMOVE_PROVIDERS, removeProvidersHandler(connect)]]);
}

export { providerStepIds } from './options.ts';
