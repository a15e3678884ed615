/**
 * The one registry of outcome codes; docs/reference/errors.md is generated from it.
 * Each area keeps its own table under codes/; a code is never reused or given another meaning.
 */
import { awsCodes } from './codes/aws.ts';
import { bugCodes } from './codes/bug.ts';
import { capiCodes } from './codes/capi.ts';
import { capiFlowCodes } from './codes/capi-flow.ts';
import { capiLocalCodes } from './codes/capi-local.ts';
import { cliCodes } from './codes/cli.ts';
import { configCodes } from './codes/config.ts';
import { controlPlaneCodes } from './codes/control-plane.ts';
import { eksCodes } from './codes/eks.ts';
import { engineCodes } from './codes/engine.ts';
import type { CodeEntry } from './codes/entry.ts';
import { existingCodes } from './codes/existing.ts';
import { fluxCodes } from './codes/flux.ts';
import { gitCodes } from './codes/git.ts';
import { hookCodes } from './codes/hooks.ts';
import { hostCodes } from './codes/host.ts';
import { kubeCodes } from './codes/kube.ts';
import { networkCodes } from './codes/network.ts';
import { pivotCodes } from './codes/pivot.ts';
import { pkiCodes } from './codes/pki.ts';
import { remoteStateCodes } from './codes/remote-state.ts';
import { stateCodes } from './codes/state.ts';
import { tofuCodes } from './codes/tofu.ts';
import { toolchainCodes } from './codes/toolchain.ts';
import { vpnCodes } from './codes/vpn.ts';

const table = {
  ...awsCodes,
  ...bugCodes,
  ...capiCodes,
  ...capiFlowCodes,
  ...capiLocalCodes,
  ...cliCodes,
  ...configCodes,
  ...controlPlaneCodes,
  ...eksCodes,
  ...engineCodes,
  ...existingCodes,
  ...fluxCodes,
  ...gitCodes,
  ...hookCodes,
  ...hostCodes,
  ...kubeCodes,
  ...networkCodes,
  ...pivotCodes,
  ...pkiCodes,
  ...remoteStateCodes,
  ...stateCodes,
  ...tofuCodes,
  ...toolchainCodes,
  ...vpnCodes,
} as const;

export type Code = keyof typeof table;

export const codes: Readonly<Record<Code, CodeEntry>> = table;

export function isCode(text: string): text is Code {
  return Object.hasOwn(table, text);
}
