/** Tells the API server where the webhooks of the providers are: admission, and conversion of definitions. */
import { SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { Placement } from './options.ts';
import type { ProviderName } from './provider.ts';

export interface ConnectWebhooksOptions {
  readonly host: Host;
  readonly providers: readonly ProviderName[];
  readonly owner: string;
  readonly placement: Placement;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/** Safe to call again; needed again whenever a manager was started anew on another port. Providers that are stopped are left as they are. @throws SLW-CAP-005 */
export function connectWebhooks(_client: KubeClient, _options: ConnectWebhooksOptions): Promise<void> {
  throw new SlipwayError('SLW-BUG-001', 'connecting webhooks is not built yet');
}
