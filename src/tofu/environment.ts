/** What of the caller's environment reaches tofu and its providers, and what is set for them. */
import { join } from 'node:path';
import type { Host } from '../host/host.ts';
import { cacheRoot } from '../toolchain/locate.ts';
import type { TofuBinary } from './binary.ts';

/** Would change what is asked of tofu behind our back, or write secrets into logs. TF_VAR_… come from the step alone. */
const WITHHELD =
  /^TF_(?:CLI_ARGS.*|WORKSPACE|DATA_DIR|VAR_.*|INPUT|LOG.*|IN_AUTOMATION|ENCRYPTION|STATE_PERSIST_INTERVAL|REATTACH_PROVIDERS)$/;

/** Our own settings are no business of a provider. */
const OURS = /^SLIPWAY_/;

export interface EnvironmentWish {
  readonly binary: TofuBinary;
  /** Sensitive variables by name: become TF_VAR_NAME. */
  readonly secrets?: Readonly<Record<string, string>>;
  /** Wins over the caller's. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Providers read credentials from variables of many names, so all of the caller's are passed on but those that steer tofu.
 * TF_CLI_CONFIG_FILE and TF_PLUGIN_CACHE_DIR are honoured; without either, OpenTofu shares one cache of providers (it locks it,
 * since 1.10; Terraform does not).
 */
export function tofuEnvironment(host: Host, { binary, secrets = {}, env = {} }: EnvironmentWish): Readonly<Record<string, string>> {
  const passed = Object.entries(host.env.variables()).filter(([name]) => !WITHHELD.test(name) && !OURS.test(name));
  const base: Readonly<Record<string, string>> = { ...Object.fromEntries(passed), ...env };
  const ownCache = binary.flavour === 'opentofu' && base['TF_PLUGIN_CACHE_DIR'] === undefined && base['TF_CLI_CONFIG_FILE'] === undefined;
  return {
    ...base,
    HOME: base['HOME'] ?? host.env.home,
    TF_IN_AUTOMATION: '1',
    TF_INPUT: '0',
    CHECKPOINT_DISABLE: '1',
    ...(ownCache && { TF_PLUGIN_CACHE_DIR: providerCache(host) }),
    ...Object.fromEntries(Object.entries(secrets).map(([name, value]) => [`TF_VAR_${name}`, value])),
  };
}

/** Must exist before tofu is asked to use it. */
export function providerCache(host: Host): string {
  return join(cacheRoot(host), 'tofu-providers');
}
