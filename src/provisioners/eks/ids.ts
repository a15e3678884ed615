/** Stable ids of the steps for one EKS cluster. */
import type { StepId } from '../../engine/step.ts';

export interface EksStepIds {
  readonly module: StepId;
  readonly reach: StepId;
  readonly users: StepId;
}

export const eksStepIds = (cluster: string): EksStepIds => ({
  module: `eks/apply-module/${cluster}`,
  reach: `eks/reach-cluster/${cluster}`,
  users: `eks/map-users/${cluster}`,
});
