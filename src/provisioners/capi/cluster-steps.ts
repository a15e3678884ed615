/** The steps of one Cluster API cluster that are the same for a management and a workload cluster: define, reach, wait. */
import type { CapiCluster } from '../../config/resolved.ts';
import type { Step, StepContext, StepId } from '../../engine/step.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { awaitStep } from './await-step.ts';
import { definedObjects } from './defined-objects.ts';
import { definitionsStep } from './definitions-step.ts';
import { deleteRecord } from './delete-cluster.ts';
import type { Family } from './home.ts';
import { capiStepIds } from './ids.ts';
import { reachStep } from './reach-step.ts';
import type { Way } from './way.ts';

export interface ClusterOptions {
  readonly cluster: CapiCluster;
  readonly family: Family;
  readonly way: Way;
  readonly context: ProvisionerContext;
  /** Before it is defined. */
  readonly needs: readonly StepId[];
}

export function clusterSteps({ cluster, family, way, context, needs }: ClusterOptions): readonly Step[] {
  const ids = capiStepIds(cluster.name);
  const render = (step: StepContext): Promise<readonly KubeObject[]> => definedObjects(cluster, step, context);
  const { name, subject, capi } = cluster;
  const base = { cluster: name, namespace: capi.namespace, subject, context, family };
  const hasAddons = capi.infrastructure !== 'dev';
  return [
    definitionsStep({
      ...base,
      id: ids.define,
      needs,
      render,
      undo: deleteRecord({ cluster: name, namespace: capi.namespace, family, way }),
    }),
    reachStep({ ...base, id: ids.reach, needs: [ids.define], way }),
    awaitStep({ ...base, id: ids.await, needs: [ids.reach, ...(hasAddons ? [ids.addons] : [])], render }),
  ];
}
