/**
 * The steps of a bootstrap cluster: a control plane of this machine or one that is there already, providers on it, and Flux if asked for.
 * They stay in the project for ever, and have nothing to do any more once the management cluster took over.
 */
import { join } from 'node:path';
import { providerStepIds, providerSteps } from '../../capi/providers/steps.ts';
import type { ResolvedGitops } from '../../config/resolved-gitops.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { controlPlaneStepIds } from '../../control-plane/control-plane-options.ts';
import { readCluster } from '../../control-plane/local-cluster.ts';
import { runtimeStepId } from '../../control-plane/runtime/runtime-step.ts';
import { controlPlaneSteps } from '../../control-plane/steps.ts';
import type { ApplyContext, Step, StepContext, StepId } from '../../engine/step.ts';
import { fluxStepIds, fluxSteps } from '../../flux/steps.ts';
import { type BinaryName, readPins } from '../../toolchain/catalogue.ts';
import { createCannotRun } from '../on-this-machine.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { reachClusterStep, reachStepId } from '../reach-existing.ts';
import { guideOfStep } from './home.ts';
import { capiStepIds } from './ids.ts';
import { knownBefore } from './known-before.ts';
import { objectsStep } from './objects-step.ts';
import { runtimeSteps } from './runtime-step.ts';
import { siteObjects } from './site.ts';
import { connectTo, type Place, placementOf } from './way.ts';

export interface BootstrapOptions {
  readonly cluster: CapiCluster;
  readonly place: Place;
  readonly context: ProvisionerContext;
  readonly binaries: readonly BinaryName[];
  /** Before anything of it. */
  readonly needs: readonly StepId[];
  /** Before the providers, e.g. the in-memory cloud. */
  readonly providerNeeds: readonly StepId[];
}

/** Steps, and the ids after which it can be worked with. */
export async function bootstrapSteps(
  options: BootstrapOptions,
): Promise<{ readonly steps: readonly Step[]; readonly ready: readonly StepId[]; readonly gitops: readonly StepId[] }> {
  const { cluster, place, context } = options;
  const base = baseSteps(options);
  const connect = (step: StepContext) => connectTo(place, guideOfStep(step, context));
  const undo = place.way.kind === 'folder' ? ('cluster' as const) : ('uninstall' as const);
  const providers = providerSteps({
    ...{ clusterName: place.name, subject: cluster.subject, providers: place.providers, connect, owner: place.owner, undo },
    needs: [...base.reached, ...options.providerNeeds],
    placement: placementOf(place),
  });
  const gitops = cluster.bootstrapCluster?.gitops;
  const flux = gitops ? fluxSteps(await fluxOptions(options, gitops, base.reached)) : [];
  const ids = providerStepIds(place.name);
  const { sources, install } = fluxStepIds(place.name);
  const runtime = runtimeSteps({
    ...{ place, context, subject: cluster.subject },
    needs: [...base.runs, ids.install, ...(gitops ? [install] : [])],
  });
  const site = objectsStep({
    id: capiStepIds(place.name).site,
    title: `apply the site's settings to ${place.name}`,
    what: `the site's settings`,
    subject: cluster.subject,
    needs: [...base.reached, ...(gitops ? [install] : [])],
    connect,
    desired: ({ host }) => siteObjects(cluster.site, { host, context, hasFlux: gitops !== undefined }),
  });
  const steps = [...base.steps, site, ...[...providers, ...flux, ...runtime].map(knownBefore)].map((step) =>
    untilTakenOver(step, cluster.name),
  );
  return { steps, ready: [ids.connect, site.id], gitops: gitops ? [sources] : [] };
}

interface Base {
  /** What its runtime needs. */
  readonly runs: readonly StepId[];
  readonly steps: readonly Step[];
  readonly reached: readonly StepId[];
}

function baseSteps({ cluster, place, context, binaries, needs }: BootstrapOptions): Base {
  const { bootstrapCluster, subject, at } = cluster;
  if (bootstrapCluster?.provisioner === 'existing') {
    const { existing, gitops } = bootstrapCluster;
    return {
      steps: [reachClusterStep({ name: place.name, subject, at, existing, gitops }, context)],
      reached: [reachStepId(place.name)],
      runs: [],
    };
  }
  const clusterDir = place.way.kind === 'folder' ? place.way.dir : '';
  const { toolchainDir } = context;
  const steps = controlPlaneSteps({ clusterName: place.name, clusterDir, subject, toolchainDir, binaries, needs });
  const ids = controlPlaneStepIds(place.name);
  return { steps, reached: [ids.run['kube-apiserver']], runs: [ids.run['kube-controller-manager'], ids.binaries] };
}

async function fluxOptions(
  { cluster, place, context }: BootstrapOptions,
  gitops: ResolvedGitops,
  needs: readonly StepId[],
): Promise<Parameters<typeof fluxSteps>[0]> {
  const { way, name, owner } = place;
  const isLocal = way.kind === 'folder';
  const dir = isLocal ? way.dir : join(context.stateDir, 'git', name);
  return {
    clusterName: name,
    subject: cluster.subject,
    ...{ gitops, needs, owner },
    runtimeNeeds: isLocal ? [runtimeStepId(name)] : [],
    gitDir: isLocal ? join(dir, 'git') : dir,
    keyDir: join(context.stateDir, 'identities', name),
    registerId: async (host) => (isLocal ? (await readCluster(host, dir))?.clusterId : `existing-${context.stateId}-${name}`),
    connect: (step) => connectTo(place, guideOfStep(step, context)),
    redactor: context.redactor,
    outputs: context.outputs,
    exclude: [context.stateDir],
    undo: isLocal ? 'cluster' : 'uninstall',
    ...(isLocal && {
      logDirs: [clusterLayout(dir).logsDir, join(dir, 'git', 'logs')],
      cannotRun: createCannotRun(await readPins(context.host)),
    }),
  };
}

/** What a step saw, or that there is nothing to see any more. */
type Seen = { readonly isOver: true } | { readonly isOver: false; readonly observed: unknown };

/** The management cluster took over, so that nothing of its bootstrap cluster is made again. */
export function isTakenOver(step: Pick<StepContext, 'outputs'>, cluster: string): boolean {
  const ids = capiStepIds(cluster);
  return step.outputs(ids.pivot)?.['moved'] === true || step.outputs(ids.retire)?.['retired'] === true;
}

export function untilTakenOver(step: Step, cluster: string): Step {
  const { intent, verify } = step;
  const inner = (seen: Seen): unknown => (seen.isOver ? undefined : seen.observed);
  const wrapped: Step<Seen> = {
    id: step.id,
    title: step.title,
    subject: step.subject,
    needs: step.needs,
    observe: async (context) =>
      isTakenOver(context, cluster) ? { isOver: true } : { isOver: false, observed: await step.observe(context) },
    change: (seen) => (seen.isOver ? { kind: 'none', summary: 'the bootstrap cluster is retired' } : step.change(seen.observed)),
    ...(intent && {
      intent: (seen, change, context) => (seen.isOver ? Promise.resolve({}) : intent.call(step, seen.observed, change, context)),
    }),
    apply: (context: ApplyContext<Seen>) =>
      context.observed.isOver
        ? Promise.resolve(context.record?.outputs ?? {})
        : step.apply({ ...context, observed: inner(context.observed) }),
    ...(verify && { verify: (context) => (isTakenOver(context, cluster) ? Promise.resolve() : verify.call(step, context)) }),
  };
  return wrapped as Step;
}
