import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../kube/types.ts';
import { diagnose } from './diagnose.ts';
import { createWorld, keyOf, type WorldOptions } from './world.ts';

const HEAD = 'a'.repeat(40);
const OLD = 'b'.repeat(40);
const at = (commit: string): string => `main@sha1:${commit}`;
const ready = { type: 'Ready', status: 'True', reason: 'ReconciliationSucceeded', message: 'Applied', observedGeneration: 1 };
const notReady = (reason: string, message: string) => ({ type: 'Ready', status: 'False', reason, message, observedGeneration: 1 });
const busy = (message: string) => [
  { type: 'Reconciling', status: 'True', reason: 'Progressing', message, observedGeneration: 1 },
  { type: 'Ready', status: 'Unknown', reason: 'Progressing', message: 'in progress', observedGeneration: 1 },
];
const checking = busy(`Running health checks for revision ${at(HEAD)} with a timeout of 30s`);

type Fields = {
  readonly spec?: object;
  readonly status?: object;
  readonly labels?: Record<string, string>;
  readonly owner?: string;
  readonly annotations?: Record<string, string>;
};

function object(apiVersion: string, kind: string, name: string, fields: Fields = {}): KubeObject {
  const [namespace, own] = name.includes('/') ? name.split('/') : ['flux-system', name];
  const { owner, spec, status, ...more } = fields;
  const ownerReferences = owner === undefined ? {} : { ownerReferences: [{ apiVersion: 'v1', kind: 'X', name: 'x', uid: owner }] };
  return {
    apiVersion,
    kind,
    metadata: { name: own ?? '', namespace: namespace ?? '', generation: 1, uid: `${kind}/${own}`, ...more, ...ownerReferences },
    ...(spec && { spec }),
    ...(status && { status }),
  };
}

const source = (conditions: readonly object[] = [ready], commit = HEAD): KubeObject =>
  object('source.toolkit.fluxcd.io/v1', 'GitRepository', 'fleet', {
    spec: {},
    status: { conditions, observedGeneration: 1, artifact: { revision: at(commit) } },
  });

type UnitFields = {
  readonly spec?: object;
  readonly applied?: string;
  readonly attempted?: string;
  readonly inventory?: readonly string[];
};

function unit(
  name: string,
  conditions: readonly object[],
  { spec = {}, applied = OLD, attempted = HEAD, inventory = [] }: UnitFields = {},
): KubeObject {
  return object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', name, {
    spec: { sourceRef: { kind: 'GitRepository', name: 'fleet' }, wait: true, ...spec },
    status: {
      conditions,
      observedGeneration: 1,
      lastAppliedRevision: at(applied),
      lastAttemptedRevision: at(attempted),
      inventory: { entries: inventory.map((id) => ({ id, v: 'v1' })) },
    },
  });
}

const done = (name: string, more: UnitFields = {}): KubeObject => unit(name, [ready], { applied: HEAD, ...more });
const failing = (name: string, reason: string, message: string, more: UnitFields = {}): KubeObject =>
  unit(name, [notReady(reason, message)], more);
const waiting = (name: string, inventory: readonly string[], spec: object = {}): KubeObject => unit(name, checking, { inventory, spec });
const release = (conditions: readonly object[], more: object = {}): KubeObject =>
  object('helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'shop', {
    spec: { chart: { spec: { sourceRef: { kind: 'GitRepository', name: 'fleet' } } } },
    status: { conditions, observedGeneration: 1, helmChart: 'flux-system/shop', lastAttemptedRevision: '1+aaa', ...more },
  });
const chart = (conditions: readonly object[] = [ready], observed = HEAD): KubeObject =>
  object('source.toolkit.fluxcd.io/v1', 'HelmChart', 'shop', {
    status: { conditions, observedGeneration: 1, observedSourceArtifactRevision: at(observed), artifact: { revision: '1+aaa' } },
  });

const deployment = object('apps/v1', 'Deployment', 'default/web', {
  spec: { replicas: 1 },
  status: { observedGeneration: 1, replicas: 1, updatedReplicas: 1 },
});
const replicaSet = object('apps/v1', 'ReplicaSet', 'default/web-1', {
  owner: 'Deployment/web',
  spec: { replicas: 1 },
  status: { observedGeneration: 1, replicas: 1 },
});
const pod = (status: object, spec: object = {}): KubeObject =>
  object('v1', 'Pod', 'default/web-1-x', { owner: 'ReplicaSet/web-1', spec, status: { phase: 'Pending', ...status } });
const container = (state: object, more: object = {}) => ({ containerStatuses: [{ name: 'main', ready: false, state, ...more }] });
const claim = object('v1', 'PersistentVolumeClaim', 'default/disk', { status: { phase: 'Pending' } });
const WEB = 'default_web_apps_Deployment';

interface Case {
  readonly name: string;
  readonly objects: readonly KubeObject[];
  readonly declared?: readonly string[];
  readonly world?: WorldOptions;
  readonly cannotRun?: (object: KubeObject) => string | undefined;
  readonly cause: string;
}

const web = (child: KubeObject): readonly KubeObject[] => [source(), waiting('app', [WEB]), deployment, replicaSet, child];

const cases: readonly Case[] = [
  { name: 'nothing there yet', objects: [], cause: 'waiting Kustomization/flux-system/app NotFound' },
  {
    name: 'source refused',
    objects: [source([notReady('GitOperationFailed', 'authentication required: Unauthorized')]), failing('app', 'ArtifactFailed', 'x')],
    cause: 'failed GitRepository/flux-system/fleet GitOperationFailed',
  },
  {
    name: 'source behind the head',
    objects: [source([ready], OLD), unit('app', [ready])],
    cause: 'waiting GitRepository/flux-system/fleet NotAtHead',
  },
  {
    name: 'source suspended',
    objects: [object('source.toolkit.fluxcd.io/v1', 'GitRepository', 'fleet', { spec: { suspend: true } }), unit('app', [ready])],
    cause: 'suspended GitRepository/flux-system/fleet Suspended',
  },
  {
    name: 'unit suspended by hand',
    objects: [source(), done('app', { spec: { suspend: true } })],
    cause: 'suspended Kustomization/flux-system/app Suspended',
  },
  { name: 'unit not reconciled yet', objects: [source(), unit('app', [ready])], cause: 'waiting Kustomization/flux-system/app NotAtHead' },
  {
    name: 'build failed',
    objects: [source(), failing('app', 'BuildFailed', 'kustomize build failed: MalformedYAMLError: yaml: line 3')],
    cause: 'failed Kustomization/flux-system/app InvalidYaml',
  },
  {
    name: 'failed at an older revision only',
    objects: [source(), failing('app', 'BuildFailed', 'x', { attempted: OLD })],
    cause: 'waiting Kustomization/flux-system/app BuildFailed',
  },
  {
    name: 'path missing before any attempt',
    objects: [
      source(),
      object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'app', {
        spec: { sourceRef: { kind: 'GitRepository', name: 'fleet' } },
        status: { conditions: [notReady('ArtifactFailed', 'kustomization path not found: stat x')] },
      }),
    ],
    cause: 'failed Kustomization/flux-system/app PathMissing',
  },
  {
    name: 'manifest refused',
    objects: [source(), failing('app', 'ReconciliationFailed', 'Service/default/web dry-run failed (Invalid): bad port')],
    cause: 'failed Service/default/web InvalidManifest',
  },
  {
    name: 'immutable field',
    objects: [source(), failing('app', 'ReconciliationFailed', 'Deployment/default/web dry-run failed (Invalid): field is immutable')],
    cause: 'failed Deployment/default/web ImmutableField',
  },
  {
    name: 'cluster-scoped object refused',
    objects: [source(), failing('app', 'ReconciliationFailed', 'ClusterRole/reader dry-run failed (Forbidden): is forbidden')],
    cause: 'failed ClusterRole/reader Forbidden',
  },
  {
    name: 'a dependency failed',
    declared: ['app', 'platform'],
    objects: [
      source(),
      failing('app', 'DependencyNotReady', 'x', { spec: { dependsOn: [{ name: 'platform' }] } }),
      failing('platform', 'BuildFailed', 'boom'),
    ],
    cause: 'failed Kustomization/flux-system/platform BuildFailed',
  },
  {
    name: 'a dependency is missing',
    objects: [source(), failing('app', 'DependencyNotReady', 'x', { spec: { dependsOn: [{ name: 'ghost' }] } })],
    cause: 'failed Kustomization/flux-system/app DependencyMissing',
  },
  {
    name: 'a circle of dependencies',
    declared: ['app', 'b'],
    objects: [
      source(),
      failing('app', 'DependencyNotReady', 'x', { spec: { dependsOn: [{ name: 'b' }] } }),
      failing('b', 'DependencyNotReady', 'x', { spec: { dependsOn: [{ name: 'app' }] } }),
    ],
    cause: 'failed Kustomization/flux-system/app DependencyCycle',
  },
  {
    name: 'a nested unit failed',
    objects: [
      source(),
      waiting('app', ['flux-system_inner_kustomize.toolkit.fluxcd.io_Kustomization']),
      failing('inner', 'BuildFailed', 'boom'),
    ],
    cause: 'failed Kustomization/flux-system/inner BuildFailed',
  },
  {
    name: 'a nested unit of an older revision failed',
    objects: [
      source(),
      unit('app', busy('Building manifests'), { inventory: ['flux-system_inner_kustomize.toolkit.fluxcd.io_Kustomization'] }),
      failing('inner', 'BuildFailed', 'boom'),
    ],
    cause: 'waiting Kustomization/flux-system/inner BuildFailed',
  },
  {
    name: 'the source of a nested unit is missing',
    objects: [
      source(),
      done('app', { inventory: ['flux-system_inner_kustomize.toolkit.fluxcd.io_Kustomization'] }),
      failing('inner', 'ArtifactFailed', 'x', { spec: { sourceRef: { kind: 'GitRepository', name: 'ghost' } } }),
    ],
    cause: 'failed Kustomization/flux-system/inner SourceMissing',
  },
  {
    name: 'a chart cannot be built',
    objects: [
      source(),
      done('app', { inventory: ['flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease'] }),
      release([notReady('SourceNotReady', 'HelmChart is not ready')]),
      chart([notReady('InvalidChartReference', 'no such file')]),
    ],
    cause: 'failed HelmChart/flux-system/shop InvalidChartReference',
  },
  {
    name: 'a chart failed before an edit of its release that nobody has passed on yet',
    objects: [
      source(),
      done('app', { inventory: ['flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease'] }),
      { ...release([notReady('SourceNotReady', 'HelmChart is not ready')]), spec: { chart: { spec: { chart: './charts/new' } } } },
      { ...chart([notReady('InvalidChartReference', 'no such file')]), spec: { chart: './charts/old' } },
    ],
    cause: 'waiting HelmRelease/flux-system/shop SourceNotReady',
  },
  {
    name: 'a chart is behind the head',
    objects: [
      source(),
      done('app', { inventory: ['flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease'] }),
      release([{ ...ready, reason: 'InstallSucceeded' }]),
      chart([ready], OLD),
    ],
    cause: 'waiting HelmRelease/flux-system/shop NotAtHead',
  },
  {
    name: 'an install failed',
    objects: [
      source(),
      done('app', { inventory: ['flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease'] }),
      release([notReady('InstallFailed', 'template: shop/x.yaml:1: colour is needed')]),
      chart(),
    ],
    cause: 'failed HelmRelease/flux-system/shop InstallFailed',
  },
  {
    name: 'retries ran out: what they failed with counts',
    objects: [
      source(),
      done('app', { inventory: ['flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease'] }),
      release([
        { type: 'Stalled', status: 'True', reason: 'RetriesExceeded', message: 'Failed to install after 1 attempt(s)' },
        notReady('InstallFailed', 'x'),
        { type: 'Released', status: 'False', reason: 'InstallFailed', message: 'nil pointer in template' },
      ]),
      chart(),
    ],
    cause: 'failed HelmRelease/flux-system/shop InstallFailed',
  },
  {
    name: 'a workload of a release',
    objects: [
      source(),
      done('app', { inventory: ['flux-system_shop_helm.toolkit.fluxcd.io_HelmRelease'] }),
      release([notReady('InstallFailed', 'context deadline exceeded')], { inventory: { entries: [{ id: WEB, v: 'v1' }] } }),
      chart(),
      deployment,
      replicaSet,
      pod(container({ waiting: { reason: 'ErrImagePull', message: 'no such image' } })),
    ],
    cause: 'failed Pod/default/web-1-x ErrImagePull',
  },
  {
    name: 'an image cannot be pulled',
    objects: web(pod(container({ waiting: { reason: 'ImagePullBackOff' } }))),
    cause: 'failed Pod/default/web-1-x ImagePullBackOff',
  },
  {
    name: 'a container crashes',
    objects: web(
      pod({ phase: 'Running', ...container({ waiting: { reason: 'CrashLoopBackOff' } }, { lastState: { terminated: { exitCode: 1 } } }) }),
    ),
    cause: 'failed Pod/default/web-1-x CrashLoopBackOff',
  },
  {
    name: 'an init container failed',
    objects: web(pod({ initContainerStatuses: [{ name: 'init', state: { terminated: { exitCode: 2, reason: 'Error' } } }] })),
    cause: 'failed Pod/default/web-1-x Error',
  },
  {
    name: 'no node takes it',
    objects: web(pod({ conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/3' }] })),
    cause: 'failed Pod/default/web-1-x Unschedulable',
  },
  {
    name: 'a claim is not bound',
    objects: [
      ...web(
        pod(
          { conditions: [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable' }] },
          { volumes: [{ persistentVolumeClaim: { claimName: 'disk' } }] },
        ),
      ),
      claim,
    ],
    world: { warnings: [{ object: 'PersistentVolumeClaim/default/disk', reason: 'ProvisioningFailed', message: 'no class' }] },
    cause: 'failed PersistentVolumeClaim/default/disk ProvisioningFailed',
  },
  {
    name: 'a secret volume is missing',
    objects: web(pod({})),
    world: { warnings: [{ object: 'Pod/default/web-1-x', reason: 'FailedMount', message: 'secret "x" not found' }] },
    cause: 'failed Pod/default/web-1-x FailedMount',
  },
  {
    name: 'a readiness probe fails',
    objects: web(pod({ phase: 'Running' })),
    world: { warnings: [{ object: 'Pod/default/web-1-x', reason: 'Unhealthy', message: 'HTTP 500' }] },
    cause: 'failed Pod/default/web-1-x Unhealthy',
  },
  {
    name: 'a quota is used up',
    objects: [source(), waiting('app', [WEB]), deployment, replicaSet],
    world: { warnings: [{ object: 'ReplicaSet/default/web-1', reason: 'FailedCreate', message: 'forbidden: exceeded quota: x' }] },
    cause: 'failed ReplicaSet/default/web-1 QuotaExceeded',
  },
  {
    name: 'pods are refused by policy',
    objects: [source(), waiting('app', [WEB]), deployment, replicaSet],
    world: { warnings: [{ object: 'ReplicaSet/default/web-1', reason: 'FailedCreate', message: 'violates PodSecurity "restricted"' }] },
    cause: 'failed ReplicaSet/default/web-1 PodSecurityViolation',
  },
  {
    name: 'the pod cannot run here',
    objects: web(pod({})),
    cannotRun: ({ kind }) => (kind === 'Pod' ? 'no node' : undefined),
    cause: 'cannot-run Pod/default/web-1-x CannotRunHere',
  },
  {
    name: 'a health check names what is not there',
    objects: [
      source(),
      waiting('app', [], { wait: false, healthChecks: [{ apiVersion: 'v1', kind: 'Secret', name: 'ca', namespace: 'default' }] }),
    ],
    cause: 'waiting Secret/default/ca NotFound',
  },
  {
    name: 'a failure outranks what is only under way',
    declared: ['app', 'other'],
    objects: [source(), unit('app', [ready]), failing('other', 'BuildFailed', 'boom')],
    cause: 'failed Kustomization/flux-system/other BuildFailed',
  },
];

const FLEET = { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository', namespace: 'flux-system', name: 'fleet' };

describe('the true cause comes first', () => {
  it.each(cases)('$name', ({ objects, declared = ['app'], world = {}, cannotRun, cause }) => {
    const options = { declared, sources: [FLEET], heads: new Map([[keyOf(FLEET), HEAD]]), ...(cannotRun && { cannotRun }) };
    const [first] = diagnose(createWorld(objects, world), options);
    expect(`${first?.kind} ${first?.object} ${first?.reason}`).toBe(cause);
  });

  it('is silent when all is applied, also beside a nested unit that is suspended', () => {
    const nested = 'flux-system_inner_kustomize.toolkit.fluxcd.io_Kustomization';
    const objects = [source(), done('app', { inventory: [nested] }), done('inner', { spec: { suspend: true } })];
    expect(diagnose(createWorld(objects), { declared: ['app'], sources: [FLEET], heads: new Map([[keyOf(FLEET), HEAD]]) })).toEqual([]);
  });

  it('tells one cause once, with all it blocks and the way to it', () => {
    const dependent = (name: string): KubeObject =>
      failing(name, 'DependencyNotReady', 'x', { spec: { dependsOn: [{ name: 'platform' }] } });
    const objects = [source(), failing('platform', 'BuildFailed', 'boom'), dependent('a'), dependent('b')];
    const causes = diagnose(createWorld(objects), { declared: ['a', 'b', 'platform'], heads: new Map([[keyOf(FLEET), HEAD]]) });
    expect(causes).toHaveLength(1);
    expect(causes[0]).toMatchObject({
      chain: ['Kustomization/flux-system/a', 'Kustomization/flux-system/platform'],
      blocks: ['Kustomization/flux-system/a', 'Kustomization/flux-system/b', 'Kustomization/flux-system/platform'],
    });
  });
});
