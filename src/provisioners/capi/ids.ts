/** How the steps of a Cluster API cluster are called, and the bootstrap cluster of a management cluster. Pure; ids live in journals. */
import { join } from 'node:path';
import type { StepId } from '../../engine/step.ts';

/** The temporary cluster that makes a management cluster, and unmakes it. */
export const bootstrapName = (cluster: string): string => `${cluster}-bootstrap`;

export interface CapiStepIds {
  readonly restart: StepId;
  readonly define: StepId;
  readonly reach: StepId;
  readonly addons: StepId;
  readonly await: StepId;
  readonly site: StepId;
  readonly copy: StepId;
  readonly pivot: StepId;
  readonly retire: StepId;
}

export const capiStepIds = (cluster: string): CapiStepIds => ({
  restart: `capi/run-local-control-planes/${cluster}`,
  define: `capi/apply-definitions/${cluster}`,
  reach: `capi/reach-cluster/${cluster}`,
  addons: `capi/apply-addons/${cluster}`,
  await: `capi/await-cluster/${cluster}`,
  site: `capi/apply-site-settings/${cluster}`,
  copy: `capi/copy-values/${cluster}`,
  pivot: `capi/pivot/${cluster}`,
  retire: `capi/retire-bootstrap/${cluster}`,
});

/** Folders of all clusters whose control plane is processes of this machine. */
export const clustersDir = (stateDir: string): string => join(stateDir, 'clusters');

export const clusterDir = (stateDir: string, cluster: string): string => join(clustersDir(stateDir), cluster);

/** Kubeconfig of a cluster with machines, 0600; that of local processes stands in their folder. */
export const kubeconfigFile = (stateDir: string, cluster: string): string => join(stateDir, 'kubeconfigs', cluster);

export const cloudDir = (stateDir: string): string => join(stateDir, 'in-memory-cloud');
