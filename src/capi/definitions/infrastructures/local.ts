/** Infrastructure `local`: Slipway's own kinds, without machines. */
import { LOCAL_API } from '../../words.ts';
import type { InfrastructureRenderer } from '../rendering.ts';

export const local: InfrastructureRenderer<'local'> = {
  apiVersion: LOCAL_API,
  clusterKind: 'LocalCluster',
  clusterSpec: () => ({}),
  machineKind: undefined,
  machineSpec: () => ({}),
  companions: () => [],
  node: () => ({ hasCloudController: false }),
};
