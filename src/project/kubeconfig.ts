import type { KubeconfigOptions } from './operations.ts';

export function clusterKubeconfig(_options: KubeconfigOptions): Promise<string> {
  throw new Error('being built');
}
