/** The definition of a cluster as it is applied. */
import { CLUSTER_NAME_LABEL, CORE_API, LOCAL_API, LOCAL_GROUP } from '../../capi/words.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { StepContext } from '../../engine/step.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';

export async function definedObjects(
  cluster: CapiCluster,
  _step: StepContext,
  _context: ProvisionerContext,
): Promise<readonly KubeObject[]> {
  const { name, capi } = cluster;
  if (capi.infrastructure !== 'local') throw new SlipwayError('SLW-BUG-001', `the definition of ${cluster.name} cannot be made yet`);
  const metadata = { name, namespace: capi.namespace, labels: { [CLUSTER_NAME_LABEL]: name } };
  return [
    {
      apiVersion: CORE_API,
      kind: 'Cluster',
      metadata,
      spec: {
        controlPlaneRef: { apiGroup: LOCAL_GROUP, kind: 'LocalControlPlane', name },
        infrastructureRef: { apiGroup: LOCAL_GROUP, kind: 'LocalCluster', name },
      },
    },
    { apiVersion: LOCAL_API, kind: 'LocalCluster', metadata, spec: {} },
    { apiVersion: LOCAL_API, kind: 'LocalControlPlane', metadata, spec: { version: capi.kubernetesVersion } },
  ] as readonly KubeObject[];
}
