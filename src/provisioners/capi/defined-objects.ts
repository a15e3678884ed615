/** The definition of a cluster as it is applied: what is rendered, and its namespace. */
import { renderDefinitions } from '../../capi/definitions/definitions.ts';
import { resolveDefinitionValues } from '../../capi/definitions/values.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import type { StepContext } from '../../engine/step.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';

/** In every cluster from its beginning. */
const BUILT_IN = new Set(['default', 'kube-system', 'kube-public', 'kube-node-lease']);

/** @throws SLW-CFG-032 to -034, -042 for references that give nothing */
export async function definedObjects(
  cluster: CapiCluster,
  { host }: StepContext,
  { redactor, outputs }: ProvisionerContext,
): Promise<readonly KubeObject[]> {
  const text = await resolveDefinitionValues(host, cluster, { redactor, outputs });
  const { namespace } = cluster.capi;
  const own: readonly KubeObject[] = BUILT_IN.has(namespace)
    ? []
    : [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }];
  return [...own, ...renderDefinitions(cluster, text)];
}
