/** Puts the providers onto a cluster, core first. */
import { SlipwayError } from '../../core/errors.ts';
import type { StepReport } from '../../engine/events.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { Placement } from './options.ts';
import type { ProviderName } from './provider.ts';

export interface InstallOptions {
  readonly host: Host;
  readonly providers: readonly ProviderName[];
  readonly owner: string;
  readonly placement: Placement;
  readonly signal: AbortSignal;
  /** Bound of each wait. */
  readonly timeoutMs: number;
  readonly report?: (report: StepReport) => void;
}

/**
 * Safe to call again. The managers run once the local runtime, or a kubelet, has started them; then `connectWebhooks`. Gives versions by provider.
 * @throws SLW-CAP-001, -002 (a newer one is there), -003 (one of others that does not fit)
 */
export function installProviders(_client: KubeClient, _options: InstallOptions): Promise<Readonly<Record<string, string>>> {
  throw new SlipwayError('SLW-BUG-001', 'installing providers is not built yet');
}
