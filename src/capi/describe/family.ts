/** One Cluster with all that makes it up, found by references, labels and owners. Pure. */
import { textAt, valueAt } from '../../kube/readiness-state.ts';
import type { KubeObject } from '../../kube/types.ts';
import { clusterRefOf, type ClusterWorld, type ContractRef, contractRef } from './world.ts';

/** What a reference leads to; `object` is missing when it does not exist (or may not be read). */
export interface Part {
  readonly ref: ContractRef;
  readonly object: KubeObject | undefined;
}

export interface MachineParts {
  readonly machine: KubeObject;
  readonly bootstrap: Part | undefined;
  readonly infrastructure: Part | undefined;
}

/** A MachineDeployment with the MachineSets that own its machines, or a set without a deployment. */
export interface WorkerPool {
  readonly pool: KubeObject;
  /** The set with the most machines first; old ones stay only while they have machines. */
  readonly sets: readonly KubeObject[];
  readonly machines: readonly MachineParts[];
  /** Of a MachinePool: what makes its machines. */
  readonly bootstrap?: Part | undefined;
  readonly infrastructure?: Part | undefined;
}

export interface Family {
  readonly cluster: KubeObject;
  readonly clusterClass: Part | undefined;
  readonly infrastructure: Part | undefined;
  readonly controlPlane: Part | undefined;
  readonly controlPlaneMachines: readonly MachineParts[];
  readonly workers: readonly WorkerPool[];
  /** Machines of nobody. */
  readonly loose: readonly MachineParts[];
  readonly healthChecks: readonly KubeObject[];
}

export function machinesOf(family: Family): readonly MachineParts[] {
  return [...family.controlPlaneMachines, ...family.workers.flatMap(({ machines }) => machines), ...family.loose];
}

const CONTROL_PLANE_LABEL = 'cluster.x-k8s.io/control-plane';

export function familyOf(world: ClusterWorld, cluster: KubeObject): Family {
  const ref = clusterRefOf(cluster);
  const machines = world.ofCluster('Machine', ref);
  const isControlPlane = (machine: KubeObject): boolean => machine.metadata.labels?.[CONTROL_PLANE_LABEL] !== undefined;
  const workers = workerPools(world, cluster);
  const known = new Set(workers.flatMap((pool) => pool.machines.map(({ machine }) => machine)));
  const rest = machines.filter((machine) => !known.has(machine));
  return {
    cluster,
    clusterClass: classPart(world, cluster),
    infrastructure: partAt(world, cluster, 'spec', 'infrastructureRef'),
    controlPlane: partAt(world, cluster, 'spec', 'controlPlaneRef'),
    controlPlaneMachines: rest.filter(isControlPlane).map((machine) => machineParts(world, machine)),
    workers,
    loose: rest.filter((machine) => !isControlPlane(machine)).map((machine) => machineParts(world, machine)),
    healthChecks: world.ofCluster('MachineHealthCheck', ref),
  };
}

function workerPools(world: ClusterWorld, cluster: KubeObject): readonly WorkerPool[] {
  const ref = clusterRefOf(cluster);
  const deployments = world.ofCluster('MachineDeployment', ref);
  const sets = world.ofCluster('MachineSet', ref);
  const ofDeployments = deployments.map((pool) => {
    const own = world.ownedBy(pool).filter(({ kind }) => kind === 'MachineSet');
    const living = own
      .filter((set, _index, all) => all.length === 1 || replicasOf(set) > 0)
      .toSorted((a, b) => replicasOf(b) - replicasOf(a));
    return { pool, sets: living, machines: own.flatMap((set) => machinesUnder(world, set)) };
  });
  const owned = new Set(deployments.flatMap((pool) => world.ownedBy(pool)));
  const alone = sets.filter((set) => !owned.has(set)).map((pool) => ({ pool, sets: [], machines: machinesUnder(world, pool) }));
  const pools = world.ofCluster('MachinePool', ref).map((pool) => ({
    pool,
    sets: [],
    machines: machinesUnder(world, pool),
    bootstrap: partAt(world, pool, 'spec', 'template', 'spec', 'bootstrap', 'configRef'),
    infrastructure: partAt(world, pool, 'spec', 'template', 'spec', 'infrastructureRef'),
  }));
  return [...ofDeployments, ...alone, ...pools];
}

function replicasOf(set: KubeObject): number {
  return Math.max(Number(valueAt(set, 'spec', 'replicas') ?? 0), Number(valueAt(set, 'status', 'replicas') ?? 0));
}

function machinesUnder(world: ClusterWorld, owner: KubeObject): readonly MachineParts[] {
  return world
    .ownedBy(owner)
    .filter(({ kind }) => kind === 'Machine')
    .map((machine) => machineParts(world, machine));
}

function machineParts(world: ClusterWorld, machine: KubeObject): MachineParts {
  return {
    machine,
    bootstrap: partAt(world, machine, 'spec', 'bootstrap', 'configRef'),
    infrastructure: partAt(world, machine, 'spec', 'infrastructureRef'),
  };
}

function partAt(world: ClusterWorld, object: KubeObject, ...path: readonly string[]): Part | undefined {
  const ref = contractRef(object, ...path);
  return ref && { ref, object: world.find(ref) };
}

function classPart(world: ClusterWorld, cluster: KubeObject): Part | undefined {
  const name = textAt(cluster, 'spec', 'topology', 'classRef', 'name') ?? textAt(cluster, 'spec', 'topology', 'class');
  if (name === undefined) return undefined;
  const namespace = textAt(cluster, 'spec', 'topology', 'classRef', 'namespace') ?? clusterRefOf(cluster).namespace;
  const ref: ContractRef = { group: 'cluster.x-k8s.io', kind: 'ClusterClass', namespace, name };
  return { ref, object: world.find(ref) };
}
