/** What is put on a cluster once it can be reached, whoever manages it: add-ons, site settings, Flux and what Flux applies. */
import { join } from 'node:path';
import type { ResolvedGitops } from '../../config/resolved-gitops.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import { clusterLayout } from '../../control-plane/cluster-layout.ts';
import { controlPlaneStepIds } from '../../control-plane/control-plane-options.ts';
import { readCluster } from '../../control-plane/local-cluster.ts';
import { runtimeStepId } from '../../control-plane/runtime/runtime-step.ts';
import type { Step, StepContext, StepId } from '../../engine/step.ts';
import type { FluxStepsOptions } from '../../flux/step-options.ts';
import { fluxStepIds, fluxSteps } from '../../flux/steps.ts';
import { readPins } from '../../toolchain/catalogue.ts';
import { createCannotRun } from '../on-this-machine.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { addonObjects } from './addons.ts';
import { attendanceOf } from './attendance.ts';
import { guideOfStep } from './home.ts';
import { capiStepIds } from './ids.ts';
import { knownBefore } from './known-before.ts';
import { objectsStep } from './objects-step.ts';
import { runtimeSteps } from './runtime-step.ts';
import { siteObjects } from './site.ts';
import { connectTo, type Place } from './way.ts';

export interface ContentOptions {
  readonly cluster: CapiCluster;
  readonly place: Place;
  readonly context: ProvisionerContext;
  /** Further installations that the runtime makes run, e.g. providers. */
  readonly runtimeNeeds: readonly StepId[];
  /** Before anything is applied by Flux. */
  readonly sourcesNeeds: readonly StepId[];
}

/** Simulated clusters have an API server in name only: no server-side apply, no namespaces of their own. */
const isSimulated = ({ capi }: CapiCluster): boolean => capi.infrastructure === 'dev';

export async function contentSteps(options: ContentOptions): Promise<readonly Step[]> {
  const { cluster, context } = options;
  const ids = capiStepIds(cluster.name);
  if (isSimulated(cluster)) return [];
  const { name, subject, gitops } = cluster;
  const connect = connection(options);
  const base = { subject, needs: [ids.reach], connect };
  const flux = gitops ? fluxSteps(await fluxOptions(options, gitops)) : [];
  const fluxIds = fluxStepIds(name);
  const site = objectsStep({
    ...base,
    id: ids.site,
    title: `apply the site's settings to ${name}`,
    what: `the site's settings`,
    needs: [ids.reach, ...(gitops ? [fluxIds.install] : [])],
    desired: ({ host }) => siteObjects(cluster.site, { host, context, hasFlux: gitops !== undefined }),
  });
  const addons = objectsStep({
    ...base,
    id: ids.addons,
    title: `apply the add-ons of ${name}`,
    what: `the add-ons of ${name}`,
    desired: (step) => addonObjects(cluster, step, context),
  });
  const needs = [...(gitops ? [fluxIds.install] : []), ...options.runtimeNeeds];
  const runtime = needs.length > 0 ? runtimeOf(options, needs) : [];
  const fluxed = flux.map((step) => (step.id === fluxIds.sources ? attended(step, options) : step));
  return [addons, site, ...[...fluxed, ...runtime].map(knownBefore)];
}

const connection =
  ({ place, context }: ContentOptions) =>
  (step: StepContext) =>
    connectTo(place, guideOfStep(step, context));

/** What it starts ends with the cluster. */
function runtimeOf({ cluster, place, context }: ContentOptions, needs: readonly StepId[]): readonly Step[] {
  const steps = runtimeSteps({ place, context, subject: cluster.subject, needs: [capiStepIds(cluster.name).reach, ...needs] });
  return steps.map((step) => ({ ...step, intent: () => Promise.resolve({}) }));
}

async function fluxOptions(options: ContentOptions, gitops: ResolvedGitops): Promise<FluxStepsOptions> {
  const { cluster, place, context } = options;
  const { way, name, owner } = place;
  const isLocal = way.kind === 'folder';
  const dir = isLocal ? way.dir : join(context.stateDir, 'git', name);
  return {
    clusterName: name,
    subject: cluster.subject,
    ...{ gitops, owner },
    needs: [capiStepIds(name).reach],
    runtimeNeeds: [...(isLocal ? [runtimeStepId(name)] : []), ...options.sourcesNeeds],
    gitDir: isLocal ? join(dir, 'git') : dir,
    keyDir: join(context.stateDir, 'identities', name),
    registerId: async (host) => (isLocal ? (await readCluster(host, dir))?.clusterId : `capi-${context.stateId}-${name}`),
    connect: connection(options),
    redactor: context.redactor,
    outputs: context.outputs,
    exclude: [context.stateDir],
    undo: 'uninstall',
    ...(isLocal && {
      logDirs: [clusterLayout(dir).logsDir, join(dir, 'git', 'logs')],
      cannotRun: createCannotRun(await readPins(context.host)),
    }),
  };
}

/** While Flux brings more known controllers, their processes are started, as a kubelet would. */
function attended(step: Step, options: ContentOptions): Step {
  const { verify } = step;
  if (!verify) return step;
  const { place, context } = options;
  return {
    ...step,
    verify: async (inner) => {
      const client = await connection(options)(inner);
      if (client) await attendanceOf(place, context).during(inner, client, () => verify.call(step, inner));
      else await verify.call(step, inner);
    },
  };
}

export const binariesStepOf = (cluster: string): StepId => controlPlaneStepIds(cluster).binaries;
