/** From documents to a family: which clusters, which providers on them, how they are reached. Pure. */
import type { ProviderName } from '../../capi/providers/provider.ts';
import type { CapiCluster, ResolvedCluster } from '../../config/resolved.ts';
import type { Infrastructure } from '../../config/resolved-capi.ts';
import { SlipwayError } from '../../core/errors.ts';
import { cloudFile } from '../../capi/in-memory/cloud.ts';
import { ownerOf } from '../../kube/ownership.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { reachStepId } from '../reach-existing.ts';
import type { Family } from './home.ts';
import { bootstrapName, cloudDir, clusterDir, kubeconfigFile } from './ids.ts';
import type { Place, Way } from './way.ts';

const PROVIDERS: Readonly<Partial<Record<Infrastructure, readonly ProviderName[]>>> = {
  local: ['core', 'local'],
  dev: ['core', 'kubeadm-bootstrap', 'kubeadm-control-plane', 'in-memory'],
};

const BINARIES: Readonly<Partial<Record<ProviderName, BinaryName>>> = {
  core: 'cluster-api-core',
  'kubeadm-bootstrap': 'cluster-api-kubeadm-bootstrap',
  'kubeadm-control-plane': 'cluster-api-kubeadm-control-plane',
  'in-memory': 'in-memory-provider',
};

export const FLUX_BINARIES: readonly BinaryName[] = ['source-controller', 'kustomize-controller', 'helm-controller'];

/** @throws SLW-CAP-404 for what this version only defines */
function providersFor({ capi, at, subject }: CapiCluster): readonly ProviderName[] {
  const { infrastructure, bootstrap } = capi;
  const providers = PROVIDERS[infrastructure];
  if (providers && (bootstrap === 'kubeadm' || infrastructure === 'local')) return providers;
  const what = providers ? `bootstrap provider ${bootstrap}` : `infrastructure ${infrastructure}`;
  throw new SlipwayError('SLW-CAP-404', `${subject} asks for ${what}, whose controllers this version does not bring`, {
    at,
    object: subject,
  });
}

export const isCapi = (cluster: ResolvedCluster): cluster is CapiCluster => cluster.provisioner === 'capi';

export function workloadsOf(management: CapiCluster, { clusters }: ProvisionerContext): readonly CapiCluster[] {
  return clusters.filter(isCapi).filter(({ role, capi }) => role === 'workload' && capi.managementCluster === management.name);
}

export function managementOf(workload: CapiCluster, { clusters }: ProvisionerContext): CapiCluster {
  const found = clusters.filter(isCapi).find(({ name }) => name === workload.capi.managementCluster);
  if (!found) throw new SlipwayError('SLW-BUG-001', `${workload.subject} has no management cluster`);
  return found;
}

/** Local processes stand in their folder; of anything else Cluster API gives a kubeconfig, which is kept. */
export function wayOf({ name, capi }: CapiCluster, { stateDir }: ProvisionerContext): Way {
  return capi.infrastructure === 'local'
    ? { kind: 'folder', dir: clusterDir(stateDir, name) }
    : { kind: 'file', path: kubeconfigFile(stateDir, name) };
}

export function familyOf(management: CapiCluster, context: ProvisionerContext): Family {
  const { name, capi, pivot, bootstrapCluster } = management;
  const pivots = pivot?.enabled !== false;
  const own = providersFor(management);
  const all = unique([...own, ...workloadsOf(management, context).flatMap(providersFor)]);
  const bootstrap = bootstrapName(name);
  const way: Way =
    bootstrapCluster?.provisioner === 'existing'
      ? { kind: 'existing', step: reachStepId(bootstrap) }
      : { kind: 'folder', dir: clusterDir(context.stateDir, bootstrap) };
  return {
    cluster: name,
    namespace: capi.namespace,
    pivots,
    bootstrap: placeOf(bootstrap, { way, providers: pivots ? own : all }, context),
    management: placeOf(name, { way: wayOf(management, context), providers: pivots ? all : [] }, context),
  };
}

export function placeOf(
  name: string,
  { way, providers }: Pick<Place, 'way' | 'providers'>,
  { stateId, stateDir }: ProvisionerContext,
): Place {
  const cloud = providers.includes('in-memory') ? { cloudFile: cloudFile(cloudDir(stateDir)) } : {};
  return { name, way, providers, owner: ownerOf(stateId, name), ...cloud };
}

/** Binaries of everything that runs as processes for a place. */
export function binariesOf({ providers }: Pick<Place, 'providers'>, hasFlux: boolean): readonly BinaryName[] {
  return [...providers.flatMap((provider) => BINARIES[provider] ?? []), ...(hasFlux ? FLUX_BINARIES : [])];
}

const unique = <T>(list: readonly T[]): readonly T[] => [...new Set(list)];
