import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { StatusNode } from '../../core/status-node.ts';
import type { KubeObject, KubeResource } from '../../kube/types.ts';
import { causesOf } from './causes.ts';
import type { ClusterCause } from './description.ts';
import { type Evidence, noEvidence } from './evidence.ts';
import { familyOf } from './family.ts';
import { clusterNode } from './tree.ts';
import { createClusterWorld } from './world.ts';

interface Recorded {
  readonly objects: readonly KubeObject[];
  readonly served: readonly KubeResource[];
}

/** Listed from a real API server with real controllers: 3 control-plane machines, 3 workers, a health check. */
const recorded = (name: 'provisioning' | 'available'): Recorded =>
  JSON.parse(readFileSync(new URL(`./recorded/${name}.json`, import.meta.url), 'utf8')) as Recorded;

const available = recorded('available');
const NOW = Date.parse('2030-01-01T00:00:00Z');

type Edit = (object: Draft) => void;
interface Draft {
  readonly kind: string;
  apiVersion: string;
  metadata: { name: string; namespace: string; uid: string; generation: number } & Record<string, unknown>;
  spec: Record<string, unknown>;
  status: { conditions: { type: string; status: string; reason: string; message: string; lastTransitionTime: string }[] } & Record<
    string,
    unknown
  >;
}

/** A copy of what was recorded with some objects changed. */
function changed(kind: string, edit: Edit, { objects, served }: Recorded = available): Recorded {
  const copies = structuredClone(objects) as unknown as readonly Draft[];
  for (const object of copies) if (object.kind === kind) edit(object);
  return { objects: copies as unknown as readonly KubeObject[], served };
}

const without = (drop: (object: KubeObject) => boolean, { objects, served }: Recorded = available): Recorded => ({
  objects: objects.filter((object) => !drop(object)),
  served,
});

function say(object: Draft, type: string, word: { readonly status: string; readonly reason: string; readonly message?: string }): void {
  const conditions = object.status.conditions.filter((condition) => condition.type !== type);
  object.status.conditions = [...conditions, { type, message: '', lastTransitionTime: '2029-12-31T23:59:00Z', ...word }];
}

const no = (reason: string, message = ''): { readonly status: string; readonly reason: string; readonly message: string } => ({
  status: 'False',
  reason,
  message,
});

/** Not Available, and one condition that tells why. */
function unwell(object: Draft, type?: string, word: { readonly reason: string; readonly message?: string } = { reason: '' }): void {
  say(object, 'Available', no('NotAvailable'));
  if (type !== undefined) say(object, type, no(word.reason, word.message));
}

const unreachable = changed('Cluster', (object) => unwell(object, 'RemoteConnectionProbe', { reason: 'ProbeFailed', message: 'down' }));

function look(
  { objects, served }: Recorded,
  evidence: Partial<Evidence> = {},
): { readonly tree: StatusNode; readonly causes: readonly ClusterCause[] } {
  const world = createClusterWorld({ objects, served, unreadable: new Map() });
  const [cluster] = world.clusters;
  if (!cluster) throw new Error('no Cluster was recorded');
  const family = familyOf(world, cluster);
  const inquiry = { world, family, evidence: { ...noEvidence, ...evidence } };
  return { tree: clusterNode({ world, nowMs: NOW }, family), causes: causesOf(inquiry) };
}

const named = (node: StatusNode): readonly string[] => [
  `${node.kind}/${node.name} ${node.state}${node.reason === undefined ? '' : ` ${node.reason}`}`,
  ...node.children.flatMap(named).map((line) => `  ${line}`),
];

const words = (causes: readonly ClusterCause[]): readonly string[] => causes.map(({ object, reason }) => `${object} ${reason}`);

const shop = 'fleet/shop';
const KCP = `KubeadmControlPlane/${shop}`;

describe('an available cluster', () => {
  it('is a tree without causes, equal machines together', () => {
    const { tree, causes } = look(available);
    expect(causes).toEqual([]);
    expect(named(tree)).toMatchInlineSnapshot(`
      [
        "Cluster/shop ready",
        "  ClusterInfrastructure/DevCluster/shop ready",
        "  ControlPlane/KubeadmControlPlane/shop ready",
        "    Machines/shop-ktgjt, shop-pdfsc, … 3 in all ready",
        "  Workers/1 pool ready",
        "    MachineDeployment/shop-md-0 ready",
        "      Machines/shop-md-0-67rrb-c2h4f, shop-md-0-67rrb-r92pd, … 3 in all ready",
        "  MachineHealthCheck/shop-md-0 ready",
      ]
    `);
    expect(tree.facts).toEqual({ version: 'v1.34.0', phase: 'Provisioned' });
  });

  it('takes nothing of a namesake in another namespace', () => {
    const other = available.objects.map((object) => ({
      ...object,
      metadata: { ...object.metadata, namespace: 'other', uid: `${object.metadata.uid ?? ''}-2` },
    }));
    const world = createClusterWorld({ ...available, objects: [...available.objects, ...other], unreadable: new Map() });
    const [first, second] = world.clusters.map((cluster) => familyOf(world, cluster));
    expect(first?.cluster.metadata.namespace).toBe('fleet');
    expect([first, second].map((family) => family?.healthChecks.length)).toEqual([1, 1]);
    expect(
      second?.controlPlaneMachines.every(
        ({ machine, infrastructure }) => machine.metadata.namespace === 'other' && infrastructure?.object?.metadata.namespace === 'other',
      ),
    ).toBe(true);
  });
});

describe('a cluster that is being made', () => {
  it('names what its first machine lacks, and shows what the others wait for', () => {
    const { tree, causes } = look(recorded('provisioning'));
    expect(words(causes)[0]).toMatch(/^Machine\/fleet\/shop-ktgjt /);
    expect(named(tree)).toMatchInlineSnapshot(`
      [
        "Cluster/shop progressing ProbeFailed",
        "  ClusterInfrastructure/DevCluster/shop ready",
        "  ControlPlane/KubeadmControlPlane/shop progressing NotInitialized",
        "    Machine/shop-ktgjt progressing NotReady",
        "  Workers/1 pool progressing",
        "    MachineDeployment/shop-md-0 progressing NotAvailable",
        "      Machines/shop-md-0-67rrb-c2h4f, shop-md-0-67rrb-r92pd, … 3 in all progressing NotReady",
        "        Bootstrap/KubeadmConfig/shop-md-0-67rrb-c2h4f progressing NotAvailable",
        "        Infrastructure/DevMachine/shop-md-0-67rrb-c2h4f progressing WaitingForControlPlaneInitialized",
        "  MachineHealthCheck/shop-md-0 ready",
      ]
    `);
  });
});

describe('the cause named first', () => {
  interface Case {
    readonly world: Recorded;
    readonly first: string;
    readonly evidence?: Partial<Evidence>;
  }
  const cases: readonly (readonly [string, Case])[] = [
    [
      'a paused Cluster',
      { world: changed('Cluster', (object) => ((object.spec['paused'] = true), unwell(object))), first: `Cluster/${shop} Paused` },
    ],
    [
      'a paused infrastructure',
      {
        world: changed(
          'DevCluster',
          (object) => ((object.metadata['annotations'] = { 'cluster.x-k8s.io/paused': '' }), (object.status = { conditions: [] })),
        ),
        first: `DevCluster/${shop} Paused`,
      },
    ],
    ['a missing infrastructure object', { world: without(({ kind }) => kind === 'DevCluster'), first: `DevCluster/${shop} NotFound` }],
    ['a missing control plane', { world: without(({ kind }) => kind === 'KubeadmControlPlane'), first: `${KCP} NotFound` }],
    [
      'a kind that nobody serves',
      {
        world: {
          objects: available.objects.filter(({ kind }) => kind !== 'KubeadmControlPlane'),
          served: available.served.filter(({ kind }) => kind !== 'KubeadmControlPlane'),
        },
        first: `${KCP} ProviderMissing`,
      },
    ],
    [
      'a certificate that cannot be made',
      {
        world: changed('KubeadmControlPlane', (object) =>
          unwell(object, 'CertificatesAvailable', { reason: 'InternalError', message: 'no key' }),
        ),
        first: `${KCP} InternalError`,
      },
    ],
    [
      'a control plane whose etcd is ill',
      {
        world: changed('KubeadmControlPlane', (object) =>
          unwell(object, 'EtcdClusterHealthy', { reason: 'NotHealthy', message: 'no leader' }),
        ),
        first: `${KCP} NotHealthy`,
      },
    ],
    [
      'a machine that its provider cannot make',
      {
        world: changed(
          'DevMachine',
          (object) => (
            say(object, 'Ready', no('NotReady', 'VMProvisioned: no quota')),
            say(object, 'VMProvisioned', no('QuotaExceeded', 'no quota'))
          ),
        ),
        first: 'DevMachine/fleet/',
      },
    ],
    [
      'a health check that may not act',
      {
        world: changed('MachineHealthCheck', (object) => say(object, 'RemediationAllowed', no('TooManyUnhealthy', '3 of 3'))),
        first: 'MachineHealthCheck/fleet/shop-md-0 TooManyUnhealthy',
      },
    ],
    [
      'an API server that does not answer, not what could therefore not be inspected',
      {
        world: changed(
          'KubeadmControlPlane',
          (object) => say(object, 'Available', { status: 'Unknown', reason: 'InspectionFailed', message: 'Failed to get etcd members' }),
          unreachable,
        ),
        first: `Cluster/${shop} ConnectionDown`,
      },
    ],
    ['an API server that does not answer', { world: unreachable, first: `Cluster/${shop} ConnectionDown` }],
    [
      'a kubeconfig that is gone',
      { world: unreachable, first: 'Secret/fleet/shop-kubeconfig NotFound', evidence: { hasKubeconfig: () => false } },
    ],
    [
      'a terminal failure of contract v1beta1',
      {
        world: changed(
          'DevCluster',
          (object) => (object.status = { conditions: [], failureReason: 'CreateError', failureMessage: 'no network' }),
        ),
        first: `DevCluster/${shop} CreateError`,
      },
    ],
  ];
  it.each(cases)('is %s', (_name, { world, first, evidence }) => {
    const { causes } = look(world, evidence);
    expect(words(causes)[0]).toContain(first);
  });

  it('is a controller that was scaled to zero, before what it left undone', () => {
    const stopped: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'capd-controller-manager', namespace: 'capd-system' },
      spec: { replicas: 0 },
    };
    const world = changed('DevCluster', (object) => (object.status = { conditions: [] }));
    const { causes } = look(world, { stopped: new Map([['infrastructure-docker', stopped]]) });
    expect(words(causes)).toEqual(['Deployment/capd-system/capd-controller-manager ControllerStopped']);
    const others = look(world, { stopped: new Map([['ipam-in-cluster', stopped]]) });
    expect(words(others.causes)).toEqual([`DevCluster/${shop} NotReconciled`]);
  });

  it('is a controller that an unfinished pivot holds', () => {
    const held: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'capd-controller-manager', namespace: 'capd-system' },
      spec: { replicas: 1, template: { spec: { containers: [{ name: 'manager', args: ['--watch-filter=slipway.dev-held'] }] } } },
    };
    const world = changed('DevCluster', (object) => (object.status = { conditions: [] }));
    const { causes } = look(world, { stopped: new Map([['infrastructure-docker', held]]) });
    expect(words(causes)).toEqual(['Deployment/capd-system/capd-controller-manager ControllerHeld']);
  });

  it('is a warning of now, not one of long ago', () => {
    const world = changed('KubeadmControlPlane', (object) => say(object, 'Available', { status: 'False', reason: 'NotAvailable' }));
    const warning = (time: string): Partial<Evidence> => ({
      warning: ({ kind }) => (kind === 'KubeadmControlPlane' ? { reason: 'FailedScaleUp', message: 'denied', time } : undefined),
    });
    expect(words(look(world, warning('2029-12-31T23:59:30Z')).causes)).toEqual([`${KCP} FailedScaleUp`]);
    expect(words(look(world, warning('2020-01-01T00:00:00Z')).causes)).toEqual([`${KCP} NotAvailable`]);
  });

  it('is what holds the deepest object of a deletion', () => {
    const deleting = (object: Draft): void => void (object.metadata['deletionTimestamp'] = '2029-12-31T00:00:00Z');
    const held = changed(
      'DevMachine',
      (object) => (deleting(object), (object.metadata['finalizers'] = ['example.com/hold'])),
      changed('Machine', deleting, changed('Cluster', deleting)),
    );
    const [first] = look(held).causes;
    expect(first).toMatchObject({ reason: 'Terminating', since: '2029-12-31T00:00:00Z' });
    expect(first?.object).toMatch(/^DevMachine\/fleet\/shop-/);
    expect(first?.message).toContain('waits for example.com/hold');
  });

  it('is the Cluster itself when all below it is gone, which is then not missing', () => {
    const going = changed('Cluster', (object) => void (object.metadata['deletionTimestamp'] = '2029-12-31T00:00:00Z'));
    const { tree, causes } = look({
      ...going,
      objects: going.objects.filter(({ kind }) => kind === 'Cluster' || kind === 'MachineHealthCheck'),
    });
    expect(words(causes)).toEqual([`Cluster/${shop} Terminating`]);
    expect(named(tree)).toEqual(['Cluster/shop progressing Terminating', '  MachineHealthCheck/shop-md-0 ready']);
  });
});
