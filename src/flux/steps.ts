/** All steps that put GitOps on one cluster, in order; which of them exist depends on what the project uses. */
import type { Step } from '../engine/step.ts';
import { createDeployKeysStep, wantsDeployKey } from './deploy-key.ts';
import { installComponentsStep } from './install-step.ts';
import { pathRepositories, serveRepositoriesStep } from './serve-step.ts';
import { applySourcesStep } from './sources-step.ts';
import { type FluxStepsOptions, fluxStepIds } from './step-options.ts';

/** Flux, deploy keys, the Git server, sources. Outputs: `flux/install-components` gives `version`, `git/serve-repositories` gives `port`. */
export function fluxSteps(options: FluxStepsOptions): readonly Step[] {
  const ids = fluxStepIds(options.clusterName);
  const keys = wantsDeployKey(options.gitops).length > 0 ? [createDeployKeysStep(options)] : [];
  const serve = pathRepositories(options).length > 0 ? [serveRepositoriesStep(options)] : [];
  const needs = [ids.install, ...(options.runtimeNeeds ?? []), ...keys.map(({ id }) => id), ...serve.map(({ id }) => id)];
  return [installComponentsStep(options), ...keys, ...serve, applySourcesStep(options, needs)];
}

export { fluxStepIds } from './step-options.ts';
