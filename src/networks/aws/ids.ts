/** Stable ids of the steps for one network on AWS. */
import type { StepId } from '../../engine/step.ts';

export const networkStepId = (network: string): StepId => `aws-network/apply-module/${network}`;
export const vpnModuleStepId = (network: string): StepId => `aws-vpn/apply-module/${network}`;
