/** What a cluster that Cluster API makes may say, given its role, infrastructure and bootstrap provider: the fields must fit each other. */
import type { SlipwayError } from '../../core/errors.ts';
import type { Unit } from '../document.ts';
import { INFRASTRUCTURES, type Infrastructure } from '../kinds/capi.ts';
import { error, showField, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';

const CAPI: FieldPath = ['spec', 'capi'];

/** Works on unjudged data, so that these faults are found together with those of shape. */
export function checkCapiFields(unit: Unit): readonly SlipwayError[] {
  if (valueAt(unit.document.value, ['spec', 'provisioner']) !== 'capi') return [];
  const infrastructure = valueAt(unit.document.value, [...CAPI, 'infrastructure']);
  const role = checkRole(unit);
  if (!isInfrastructure(infrastructure)) return role;
  return [
    ...role,
    ...checkBlocks(unit, infrastructure),
    ...machinePaths(unit).flatMap((path) => checkMachine(unit, path, infrastructure)),
    ...checkAbilities(unit, infrastructure),
    ...checkVersion(unit, infrastructure),
    ...checkReplicas(unit, infrastructure),
    ...checkEndpoint(unit, infrastructure),
    ...checkNetworkChoice(unit),
    ...checkRke2(unit, infrastructure),
  ];
}

function isInfrastructure(value: unknown): value is Infrastructure {
  return typeof value === 'string' && (INFRASTRUCTURES as readonly string[]).includes(value);
}

function checkRole(unit: Unit): readonly SlipwayError[] {
  const { value } = unit.document;
  const isManagement = valueAt(value, ['spec', 'role']) === 'management';
  const wrong: FieldPath[] = isManagement
    ? [[...CAPI, 'managementCluster']]
    : [
        ['spec', 'bootstrapCluster'],
        ['spec', 'pivot'],
      ];
  const errors = wrong
    .filter((path) => has(unit, path))
    .map((path) =>
      error('SLW-CFG-046', `${showField(path)} is given, but the role is ${isManagement ? 'management' : 'workload'}`, {
        context: unit,
        path,
        part: 'key',
        fix: `remove it, or write role: ${isManagement ? 'workload' : 'management'}`,
      }),
    );
  const needed: FieldPath = isManagement ? ['spec', 'bootstrapCluster'] : [...CAPI, 'managementCluster'];
  if (has(unit, needed) || !has(unit, CAPI)) return errors;
  const fix = isManagement ? 'add bootstrapCluster: {provisioner: local}' : 'add managementCluster: NAME, or write role: management';
  return [...errors, error('SLW-CFG-046', `${showField(needed)} is missing`, { context: unit, path: needed, fix })];
}

const BLOCKS = ['dev', 'openstack', 'aws', 'vsphere'] as const;
const NEEDED_BLOCKS: ReadonlySet<Infrastructure> = new Set(['openstack', 'aws', 'vsphere']);

function checkBlocks(unit: Unit, infrastructure: Infrastructure): readonly SlipwayError[] {
  const errors = BLOCKS.filter((block) => block !== infrastructure && has(unit, [...CAPI, block])).map((block) =>
    misfit(unit, { path: [...CAPI, block], infrastructure }),
  );
  const needed: FieldPath = [...CAPI, infrastructure];
  if (!NEEDED_BLOCKS.has(infrastructure) || has(unit, needed)) return errors;
  return [...errors, error('SLW-CFG-015', `${showField(needed)} is missing`, { context: unit, path: needed })];
}

const MACHINE_FIELDS: Readonly<Record<string, readonly Infrastructure[]>> = {
  image: ['docker', 'openstack'],
  flavor: ['openstack'],
  instanceType: ['aws'],
  ami: ['aws'],
  iamInstanceProfile: ['aws'],
  rootVolume: ['openstack', 'aws'],
  template: ['vsphere'],
  cpus: ['vsphere'],
  memoryMiB: ['vsphere'],
  diskGiB: ['vsphere'],
};

const NEEDED_MACHINE_FIELDS: Partial<Record<Infrastructure, readonly string[]>> = {
  openstack: ['image', 'flavor'],
  aws: ['instanceType'],
  vsphere: ['template'],
};

/** `capi.machine` holds for the control plane and each pool, which may say it again. */
function machinePaths(unit: Unit): readonly FieldPath[] {
  const pools = poolNames(unit).map((pool) => [...CAPI, 'workers', pool, 'machine']);
  return [[...CAPI, 'controlPlane', 'machine'], ...pools];
}

function checkMachine(unit: Unit, path: FieldPath, infrastructure: Infrastructure): readonly SlipwayError[] {
  const shared: FieldPath = [...CAPI, 'machine'];
  const isFirst = path[2] === 'controlPlane';
  const errors = [path, ...(isFirst ? [shared] : [])].flatMap((place) => misfitFields(unit, place, infrastructure));
  const missing = (NEEDED_MACHINE_FIELDS[infrastructure] ?? []).filter(
    (field) => !has(unit, [...path, field]) && !has(unit, [...shared, field]),
  );
  return [...errors, ...missing.map((field) => missingField(unit, [...path, field], [...shared, field]))];
}

function misfitFields(unit: Unit, place: FieldPath, infrastructure: Infrastructure): readonly SlipwayError[] {
  return Object.entries(MACHINE_FIELDS)
    .filter(([field, fitting]) => !fitting.includes(infrastructure) && has(unit, [...place, field]))
    .map(([field, fitting]) => misfit(unit, { path: [...place, field], infrastructure, fitting }));
}

function missingField(unit: Unit, path: FieldPath, shared: FieldPath): SlipwayError {
  const fix = `add it there, or for all machines as ${showField(shared)}`;
  return error('SLW-CFG-015', `${showField(path)} is missing`, { context: unit, path, fix });
}

interface Inability {
  readonly infrastructures: readonly Infrastructure[];
  readonly path: FieldPath;
  /** Refused only with this value; any value when left out. */
  readonly value?: unknown;
  readonly because: string;
}

const NO_MACHINES = 'infrastructure local runs processes and has no machines';
const FAKE_SERVER = 'the API servers of infrastructure dev are simulated and run nothing';

const NO_CLASS = 'its accounts and addresses belong to one cluster, and a class is for many';

const INABILITIES: readonly Inability[] = [
  { infrastructures: ['dev'], path: ['spec', 'gitops'], because: `${FAKE_SERVER}: Flux cannot be on them` },
  { infrastructures: ['dev'], path: ['spec', 'role'], value: 'management', because: `${FAKE_SERVER}: Cluster API cannot be on them` },
  { infrastructures: ['dev'], path: [...CAPI, 'addons'], because: FAKE_SERVER },
  { infrastructures: ['dev'], path: [...CAPI, 'bootstrap'], value: 'rke2', because: 'simulated machines speak kubeadm only' },
  { infrastructures: ['local'], path: [...CAPI, 'bootstrap'], value: 'rke2', because: NO_MACHINES },
  { infrastructures: ['local'], path: [...CAPI, 'workers'], because: NO_MACHINES },
  { infrastructures: ['local'], path: [...CAPI, 'machine'], because: NO_MACHINES },
  { infrastructures: ['local'], path: [...CAPI, 'controlPlane'], because: `${NO_MACHINES}: there is one control plane, of one etcd` },
  { infrastructures: ['local'], path: [...CAPI, 'network'], because: 'addresses in clusters of processes are fixed' },
  { infrastructures: ['openstack', 'aws', 'vsphere'], path: [...CAPI, 'topology'], value: 'clusterClass', because: NO_CLASS },
];

function checkAbilities(unit: Unit, infrastructure: Infrastructure): readonly SlipwayError[] {
  return INABILITIES.filter(({ infrastructures, path, value }) => {
    const found = valueAt(unit.document.value, path);
    return infrastructures.includes(infrastructure) && (value === undefined ? isAsked(found, path) : found === value);
  }).map(({ path, value, because }) =>
    error('SLW-CFG-045', `${showField(path)} cannot be had with infrastructure ${infrastructure}: ${because}`, {
      context: unit,
      path,
      part: value === undefined ? 'key' : 'value',
    }),
  );
}

/** An empty block asks for nothing, except that Flux be there. */
function isAsked(found: unknown, path: FieldPath): boolean {
  return found !== undefined && (path.at(-1) === 'gitops' || !isEmptyBlock(found));
}

function isEmptyBlock(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

const VERSIONED_IMAGES: ReadonlySet<Infrastructure> = new Set(['docker', 'openstack', 'aws', 'vsphere']);

function checkVersion(unit: Unit, infrastructure: Infrastructure): readonly SlipwayError[] {
  const path: FieldPath = [...CAPI, 'kubernetesVersion'];
  const version = valueAt(unit.document.value, path);
  const isRke2 = valueAt(unit.document.value, [...CAPI, 'bootstrap']) === 'rke2';
  if (version === undefined && VERSIONED_IMAGES.has(infrastructure)) {
    const fix = `add the version that the image of the machines holds, in quotes: "1.36.3${isRke2 ? '+rke2r1' : ''}"`;
    return [error('SLW-CFG-015', `${showField(path)} is missing`, { context: unit, path, fix })];
  }
  if (typeof version !== 'string' || !/^v?\d+\.\d+\.\d+(?:\+rke2r\d+)?$/.test(version)) return [];
  if (/\+rke2r\d+$/.test(version) === isRke2) return [];
  const fix = isRke2 ? `write "${version}+rke2r1"` : `write "${version.replace(/\+.*/, '')}"`;
  return [
    error('SLW-CFG-050', `Kubernetes ${version} is no version of bootstrap ${isRke2 ? 'rke2' : 'kubeadm'}`, { context: unit, path, fix }),
  ];
}

function checkReplicas(unit: Unit, infrastructure: Infrastructure): readonly SlipwayError[] {
  const path: FieldPath = [...CAPI, 'controlPlane', 'replicas'];
  const replicas = valueAt(unit.document.value, path);
  if (infrastructure === 'local' || typeof replicas !== 'number' || !Number.isInteger(replicas) || replicas % 2 === 1) return [];
  const fix = `write ${replicas - 1} or ${replicas + 1}`;
  return [error('SLW-CFG-049', `${showField(path)} is ${replicas}, but must be odd`, { context: unit, path, fix })];
}

/** Where the API servers are reached: who cannot find out must be told, who can must not. */
function checkEndpoint(unit: Unit, infrastructure: Infrastructure): readonly SlipwayError[] {
  const path: FieldPath = [...CAPI, 'endpoint'];
  const isBalanced = valueAt(unit.document.value, [...CAPI, 'openstack', 'loadBalancer']) !== false;
  const isNeeded = infrastructure === 'vsphere' || (infrastructure === 'openstack' && !isBalanced);
  if (isNeeded === has(unit, path)) return [];
  if (!isNeeded) return [misfit(unit, { path, infrastructure })];
  const fix = 'add endpoint: {host: ADDRESS}, an address that is free';
  return [error('SLW-CFG-015', `${showField(path)} is missing`, { context: unit, path, fix })];
}

/** Settings of a network of its own do not go with an existing one. */
const NETWORK_CHOICES: readonly { readonly field: FieldPath; readonly with: FieldPath }[] = [
  { field: [...CAPI, 'openstack', 'subnet'], with: [...CAPI, 'openstack', 'network'] },
  { field: [...CAPI, 'aws', 'subnets'], with: [...CAPI, 'aws', 'vpc'] },
];

function checkNetworkChoice(unit: Unit): readonly SlipwayError[] {
  return NETWORK_CHOICES.filter(
    (choice) => isAsked(valueAt(unit.document.value, choice.field), choice.field) && !has(unit, choice.with),
  ).map((choice) =>
    error('SLW-CFG-044', `${showField(choice.field)} is given without ${showField(choice.with)}`, {
      context: unit,
      path: choice.field,
      part: 'key',
      fix: `add ${String(choice.with.at(-1))}, or remove ${String(choice.field.at(-1))}`,
    }),
  );
}

/** No node image is published under a version of RKE2; and its class is not written. */
function checkRke2(unit: Unit, infrastructure: Infrastructure): readonly SlipwayError[] {
  const at = (...path: string[]) => valueAt(unit.document.value, [...CAPI, ...path]);
  if (at('bootstrap') !== 'rke2') return at('rke2') === undefined ? [] : [onlyWithRke2(unit)];
  const topology: FieldPath = [...CAPI, 'topology'];
  const classes =
    at('topology') === 'clusterClass'
      ? [
          error('SLW-CFG-045', `${showField(topology)} cannot be had with bootstrap rke2 in this version`, {
            context: unit,
            path: topology,
          }),
        ]
      : [];
  if (infrastructure !== 'docker') return classes;
  const groups = machinePaths(unit).filter((path) => !has(unit, [...path, 'image']) && at('machine', 'image') === undefined);
  return [...classes, ...groups.map((path) => missingField(unit, [...path, 'image'], [...CAPI, 'machine', 'image']))];
}

function onlyWithRke2(unit: Unit): SlipwayError {
  const path: FieldPath = [...CAPI, 'rke2'];
  return error('SLW-CFG-044', `${showField(path)} does not go with bootstrap kubeadm`, {
    context: unit,
    path,
    part: 'key',
    fix: 'remove it',
  });
}

interface Misfit {
  readonly path: FieldPath;
  readonly infrastructure: Infrastructure;
  /** With which it would go. */
  readonly fitting?: readonly string[];
}

function misfit(unit: Unit, { path, infrastructure, fitting }: Misfit): SlipwayError {
  const fix = fitting === undefined ? 'remove it' : `remove it; it goes with infrastructure ${fitting.join(' and ')}`;
  return error('SLW-CFG-044', `${showField(path)} does not go with infrastructure ${infrastructure}`, {
    context: unit,
    path,
    part: 'key',
    fix,
  });
}

export function poolNames(unit: Unit): readonly string[] {
  const workers = valueAt(unit.document.value, [...CAPI, 'workers']);
  return typeof workers === 'object' && workers !== null && !Array.isArray(workers) ? Object.keys(workers) : [];
}

function has(unit: Unit, path: FieldPath): boolean {
  return valueAt(unit.document.value, path) !== undefined;
}
