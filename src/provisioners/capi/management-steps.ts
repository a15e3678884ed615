/**
 * From nothing to a cluster that manages itself: bootstrap cluster, its providers, the definition, the cluster, its providers, the pivot,
 * and the end of the bootstrap cluster.
 */
import { cloudStepId, runCloudStep } from '../../capi/in-memory/cloud-step.ts';
import { providerStepIds, providerSteps } from '../../capi/providers/steps.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import { provideBinariesStep } from '../../control-plane/binaries-step.ts';
import { runtimeStepId } from '../../control-plane/runtime/runtime-step.ts';
import type { Step, StepId } from '../../engine/step.ts';
import { fluxStepIds } from '../../flux/steps.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { bootstrapSteps } from './bootstrap-steps.ts';
import { clusterSteps } from './cluster-steps.ts';
import { binariesStepOf, contentSteps } from './content-steps.ts';
import { copyStep } from './copy-step.ts';
import { type Family, guideOfStep } from './home.ts';
import { capiStepIds, cloudDir } from './ids.ts';
import { knownBefore } from './known-before.ts';
import { pivotStep } from './pivot-step.ts';
import { binariesOf, familyOf, isCapi, workloadsOf } from './plan-family.ts';
import { restartStep } from './restart-step.ts';
import { retireStep } from './retire-step.ts';
import { connectTo, placementOf } from './way.ts';

const CONTROL_PLANE_BINARIES: readonly BinaryName[] = ['etcd', 'kube-apiserver', 'kube-controller-manager'];

export async function managementSteps(cluster: CapiCluster, context: ProvisionerContext): Promise<readonly Step[]> {
  const family = familyOf(cluster, context);
  const ids = capiStepIds(cluster.name);
  const before = beginning(cluster, family, context);
  const bootstrap = await bootstrapSteps({
    ...{ cluster, context, place: family.bootstrap },
    binaries: before.binaries,
    needs: [],
    providerNeeds: before.cloud,
  });
  const defined = clusterSteps({ cluster, family, context, way: family.management.way, needs: [ids.restart, ...bootstrap.ready] });
  const itself = family.pivots ? takeOver(cluster, family, { context, gitops: bootstrap.gitops }) : [];
  const providers = family.pivots ? ownProviders(cluster, family, { context, cloud: before.cloud }) : [];
  const content = await contentSteps({
    ...{ cluster, context, place: family.management },
    runtimeNeeds: family.pivots ? [providerStepIds(cluster.name).install] : [],
    sourcesNeeds: family.pivots ? [ids.pivot] : [],
  });
  return [...before.steps, ...bootstrap.steps, ...defined, ...providers, ...content, ...itself];
}

interface Beginning {
  readonly steps: readonly Step[];
  readonly cloud: readonly StepId[];
  readonly binaries: readonly BinaryName[];
}

/** Binaries, control planes that died, the cloud of simulated machines. */
function beginning(cluster: CapiCluster, family: Family, context: ProvisionerContext): Beginning {
  const { name, subject, gitops, bootstrapCluster } = cluster;
  const workloads = workloadsOf(cluster, context);
  const hasFlux = [gitops, bootstrapCluster?.gitops, ...workloads.map((each) => each.gitops)].some((each) => each !== undefined);
  const providers = [...new Set([...family.bootstrap.providers, ...family.management.providers])];
  const binaries = [...CONTROL_PLANE_BINARIES, ...binariesOf({ providers }, hasFlux)];
  const { toolchainDir } = context;
  const provide = provideBinariesStep({ clusterName: name, clusterDir: '', subject, toolchainDir, binaries });
  const names = [cluster, ...workloads].filter(({ capi }) => capi.infrastructure === 'local').map((each) => each.name);
  const usesCloud = providers.includes('in-memory');
  const cloud = usesCloud ? [cloudStepId(context.project)] : [];
  const restart = restartStep({
    family,
    id: capiStepIds(name).restart,
    cluster: name,
    subject,
    needs: [binariesStepOf(name), ...cloud],
    context,
    names,
    binaries,
  });
  const run = usesCloud ? cloudSteps(cluster, context) : [];
  return { steps: [provide, restart, ...run], cloud, binaries };
}

/**
 * A project has one cloud; the first management cluster that uses it brings the step. One that several use is nobody's alone: it stands
 * on nothing of theirs, so that each of them can go without it and without the others.
 */
function cloudSteps({ name, subject }: CapiCluster, context: ProvisionerContext): readonly Step[] {
  const users = usersOfCloud(context);
  if (users[0]?.name !== name) return [];
  const { project, stateDir, stateId, toolchainDir } = context;
  const standing = users.length > 1 ? { subject: `Project/${project}`, needs: [] } : { subject, needs: [binariesStepOf(name)] };
  return [runCloudStep({ projectName: project, ...standing, toolchainDir, stateId, cloudDir: cloudDir(stateDir) })];
}

function usersOfCloud(context: ProvisionerContext): readonly CapiCluster[] {
  return context.clusters
    .filter(isCapi)
    .filter(({ role }) => role === 'management')
    .filter((each) => [each, ...workloadsOf(each, context)].some(({ capi }) => capi.infrastructure === 'dev'));
}

interface Around {
  readonly context: ProvisionerContext;
}

function ownProviders(
  { name, subject }: CapiCluster,
  { management }: Family,
  { context, cloud }: Around & { readonly cloud: readonly StepId[] },
): readonly Step[] {
  const steps = providerSteps({
    clusterName: name,
    subject,
    needs: [capiStepIds(name).reach, ...cloud],
    runtimeNeeds: management.way.kind === 'folder' ? [runtimeStepId(name)] : [],
    providers: management.providers,
    connect: (step) => connectTo(management, guideOfStep(step, context)),
    owner: management.owner,
    placement: placementOf(management),
    undo: 'cluster',
  });
  return steps.map(knownBefore);
}

function takeOver(
  cluster: CapiCluster,
  family: Family,
  { context, gitops }: Around & { readonly gitops: readonly StepId[] },
): readonly Step[] {
  const { name, subject, pivot } = cluster;
  const ids = capiStepIds(name);
  if (!pivot) return [];
  const connected = providerStepIds(name).connect;
  const base = { subject, context, family };
  const flux = cluster.gitops ? [fluxStepIds(name).install] : [];
  return [
    copyStep({ ...base, id: ids.copy, needs: [ids.await, connected, ids.site, ...gitops] }),
    // Also those behind steps that may never have had anything to do: undoing follows what the ledger holds.
    pivotStep({ ...base, id: ids.pivot, needs: [ids.copy, ids.await, ids.define, connected, ...flux, ...gitops], pivot }),
    retireStep({ ...base, id: ids.retire, needs: [ids.pivot] }),
  ];
}
