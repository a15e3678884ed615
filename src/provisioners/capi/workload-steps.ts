/** A cluster made and kept by a management cluster of the project. */
import type { CapiCluster } from '../../config/resolved.ts';
import type { Step } from '../../engine/step.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { providerStepIds } from '../../capi/providers/steps.ts';
import { clusterSteps } from './cluster-steps.ts';
import { contentSteps } from './content-steps.ts';
import { capiStepIds } from './ids.ts';
import { familyOf, managementOf, placeOf, wayOf } from './plan-family.ts';

export async function workloadSteps(cluster: CapiCluster, context: ProvisionerContext): Promise<readonly Step[]> {
  const management = managementOf(cluster, context);
  const family = familyOf(management, context);
  const ids = capiStepIds(management.name);
  const way = wayOf(cluster, context);
  // The management cluster ends after its workload clusters: by what the ledger holds, so that steps without a record of their own are passed over.
  const needs = family.pivots
    ? [ids.retire, ids.pivot, ids.define]
    : [ids.await, ids.define, providerStepIds(family.bootstrap.name).connect];
  const defined = clusterSteps({ cluster, family, way, context, needs });
  const content = await contentSteps({
    ...{ cluster, context },
    place: placeOf(cluster.name, { way, providers: [] }, context),
    runtimeNeeds: [],
    sourcesNeeds: [],
  });
  return [...defined, ...content];
}
