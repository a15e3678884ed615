/**
 * Why a Cluster is not well, as a walk in the order in which things depend on each other: pause, providers and their
 * controllers, webhooks, class, infrastructure, control plane, connection, machines, workers. Pure.
 */
import { contractConditions, isPaused } from '../../kube/readiness-cluster-api.ts';
import { numberAt, valueAt } from '../../kube/readiness-state.ts';
import { formatRef, type KubeObject, type ObjectRef } from '../../kube/types.ts';
import { CONTRACT_LABEL, kubeconfigSecretName } from '../words.ts';
import { blockerOf, causeAt, partBlocker } from './blocker.ts';
import { stoppedProviders } from './controllers.ts';
import { deletionCauses } from './deletion.ts';
import type { ClusterCause } from './description.ts';
import { DEFINITION } from './evidence.ts';
import { type MachineParts, machinesOf, type WorkerPool } from './family.ts';
import type { Finding, Inquiry } from './inquiry.ts';
import { clusterRefOf } from './world.ts';

type Rule = (inquiry: Inquiry) => readonly Finding[];

/** From what stops everything to what stops one machine. */
const RULES: readonly Rule[] = [
  paused,
  missingProviders,
  stoppedProviders,
  contractCauses,
  refusedWrites,
  classCauses,
  infrastructureCauses,
  controlPlaneCauses,
  (inquiry) => inquiry.family.controlPlaneMachines.flatMap((parts) => partsCauses(inquiry, parts)),
  connectionCauses,
  (inquiry) => inquiry.family.controlPlaneMachines.flatMap((parts) => machineCauses(inquiry, parts)),
  workerCauses,
  (inquiry) => inquiry.family.loose.flatMap((parts) => machineCauses(inquiry, parts)),
  (inquiry) => inquiry.family.healthChecks.flatMap((check) => blockers(inquiry, check)),
];

/** While a Cluster goes, what is gone already is no trouble. */
const RULES_OF_DELETION: readonly Rule[] = [paused, stoppedProviders, refusedWrites, deletionCauses];

function findingsOf(inquiry: Inquiry): readonly Finding[] {
  const isGoing = inquiry.family.cluster.metadata.deletionTimestamp !== undefined;
  return (isGoing ? RULES_OF_DELETION : RULES).flatMap((rule) => rule(inquiry));
}

/** Something is known that is more than the effect of something else. */
export function knowsFirmly(inquiry: Inquiry): boolean {
  return findingsOf(inquiry).some(({ waits }) => !waits);
}

/** The true one first; what only waits is left out when something firm is known. The Cluster sums up, so it is asked last. */
export function causesOf(inquiry: Inquiry): readonly ClusterCause[] {
  const found = findingsOf(inquiry);
  if (found.length === 0) return merge(blockers(inquiry, inquiry.family.cluster));
  const firm = found.filter(({ waits }) => !waits);
  const told = firm.length > 0 ? firm : found;
  return merge(told.filter(({ object }, index) => told.findIndex((other) => other.object === object) === index));
}

function paused({ family }: Inquiry): readonly Finding[] {
  if (!isPaused(family.cluster)) return [];
  const by =
    valueAt(family.cluster, 'spec', 'paused') === true ? 'spec.paused is true' : 'it carries the annotation cluster.x-k8s.io/paused';
  return [causeAt(family.cluster, { reason: 'Paused', message: `${by}: its controllers leave it and all that belongs to it alone` })];
}

function missingProviders({ world, family }: Inquiry): readonly Finding[] {
  const parts = [
    family.infrastructure,
    family.controlPlane,
    ...machinesOf(family).flatMap((parts) => [parts.bootstrap, parts.infrastructure]),
  ];
  const known = parts.filter((part) => part !== undefined);
  const missing = known.filter(({ ref }) => !world.serves(ref.group, ref.kind));
  return missing.flatMap((part) => partBlocker({ world, evidence: undefined }, part) ?? []);
}

function refusedWrites({ evidence }: Inquiry): readonly Finding[] {
  return evidence.refusals.map(({ ref, message }) => ({ ref, object: formatRef(ref), reason: 'WebhookUnreachable', message }));
}

function classCauses({ world, evidence, family }: Inquiry): readonly Finding[] {
  if (!family.clusterClass) return [];
  const found = partBlocker({ world, evidence }, family.clusterClass);
  if (found) return [found];
  const topology = contractConditions(family.cluster).get('TopologyReconciled');
  if (!topology || topology.status === 'True' || topology.reason !== 'ReconcileFailed') return [];
  const { reason, message = '', lastTransitionTime } = topology;
  return [causeAt(family.cluster, { reason, message, since: lastTransitionTime })];
}

function infrastructureCauses({ world, evidence, family }: Inquiry): readonly Finding[] {
  if (!family.infrastructure) return [];
  const found = partBlocker({ world, evidence }, family.infrastructure);
  if (found) return [found];
  return [];
}

/** Where a provider is content, but its kind does not keep the contract: Cluster API says no more than that it is an internal error. */
function contractCauses({ world, evidence, family }: Inquiry): readonly Finding[] {
  return [family.infrastructure, family.controlPlane].flatMap((part) => {
    const resource = part && world.serves(part.ref.group, part.ref.kind);
    if (!resource || !evidence.contractless.has(`${part.ref.group}/${part.ref.kind}`)) return [];
    const ref = { ...DEFINITION, name: `${resource.resource}.${part.ref.group}` };
    const message = `has no label ${CONTRACT_LABEL} that says in which version ${part.ref.kind} keeps the contract, so that Cluster API cannot read it`;
    return [{ ref, object: formatRef(ref), reason: 'ContractMissing', message }];
  });
}

function controlPlaneCauses(inquiry: Inquiry): readonly Finding[] {
  const { world, evidence, family } = inquiry;
  if (!family.controlPlane) return [];
  const found = partBlocker({ world, evidence }, family.controlPlane);
  if (!found) return [];
  // Its machines tell more than their sum.
  const below = family.controlPlaneMachines.flatMap((parts) => machineCauses(inquiry, parts));
  const isEffect = found.waits ? below.length > 0 : below.some(({ waits }) => !waits);
  return isEffect && !found.decisive ? [] : [found];
}

function partsCauses({ world, evidence }: Inquiry, { machine, bootstrap, infrastructure }: MachineParts): readonly Finding[] {
  if (machine.metadata.deletionTimestamp !== undefined) return [];
  return [bootstrap, infrastructure].flatMap((part) => (part ? (partBlocker({ world, evidence }, part) ?? []) : []));
}

/** A machine is the sum of its parts, unless these are well. */
function machineCauses(inquiry: Inquiry, parts: MachineParts): readonly Finding[] {
  const below = partsCauses(inquiry, parts);
  return below.length > 0 ? below : blockers(inquiry, parts.machine);
}

function connectionCauses({ evidence, family }: Inquiry): readonly Finding[] {
  const { cluster } = family;
  const probe = contractConditions(cluster).get('RemoteConnectionProbe');
  if (valueAt(cluster, 'status', 'initialization', 'controlPlaneInitialized') !== true || probe?.status === 'True') return [];
  const ref = clusterRefOf(cluster);
  if (evidence.hasKubeconfig(ref) === false) {
    const secret: ObjectRef = { apiVersion: 'v1', kind: 'Secret', namespace: ref.namespace, name: kubeconfigSecretName(ref.name) };
    return [
      {
        ref: secret,
        object: formatRef(secret),
        reason: 'NotFound',
        message: `the kubeconfig of ${ref.name} is missing, so that nobody reaches it`,
      },
    ];
  }
  if (!probe) return [];
  const where = `${String(valueAt(cluster, 'spec', 'controlPlaneEndpoint', 'host') ?? '')}:${String(valueAt(cluster, 'spec', 'controlPlaneEndpoint', 'port') ?? '')}`;
  const message = `its API server ${where} does not answer: ${probe.message ?? ''}`;
  return [causeAt(cluster, { reason: 'ConnectionDown', message, since: probe.lastTransitionTime })];
}

function workerCauses(inquiry: Inquiry): readonly Finding[] {
  return inquiry.family.workers.flatMap((pool) => poolCauses(inquiry, pool));
}

function poolCauses(inquiry: Inquiry, { pool, sets, machines, bootstrap, infrastructure }: WorkerPool): readonly Finding[] {
  const { world, evidence } = inquiry;
  const own = blockers(inquiry, pool);
  if (own.some(({ reason }) => reason === 'Paused')) return own;
  const parts = [bootstrap, infrastructure].flatMap((part) => (part ? (partBlocker({ world, evidence }, part) ?? []) : []));
  // A set that may not make machines says so itself; otherwise its machines tell more.
  const growing = sets.filter((set) => (numberAt(set, 'status', 'replicas') ?? 0) < (numberAt(set, 'spec', 'replicas') ?? 0));
  const below = [
    ...parts,
    ...growing.flatMap((set) => blockers(inquiry, set)),
    ...machines.flatMap((each) => machineCauses(inquiry, each)),
  ];
  if (below.length > 0) return below;
  const ofSets = sets.flatMap((set) => blockers(inquiry, set));
  return ofSets.length > 0 ? ofSets : own;
}

function blockers({ evidence }: Inquiry, object: KubeObject): readonly Finding[] {
  const found = blockerOf(evidence, object);
  return found ? [found] : [];
}

/** The same said of several objects of a kind is said once. */
function merge(causes: readonly Finding[]): readonly ClusterCause[] {
  const groups = Map.groupBy(causes, ({ ref, reason, message }) => `${ref.kind}|${reason}|${message.replaceAll(ref.name, '')}`);
  return [...groups.values()].flatMap(([first, ...more]) => {
    if (!first) return [];
    const { waits: _waits, ...cause } = first;
    if (more.length === 0) return [cause];
    return [{ ...cause, message: `${cause.message} (and ${more.length} more like it)` }];
  });
}
