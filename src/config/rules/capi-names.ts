/** Clusters of one management cluster: their management cluster is in the project, and their objects have names of their own. */
import type { SlipwayError } from '../../core/errors.ts';
import { closest } from '../../core/ids.ts';
import type { Unit } from '../document.ts';
import { error, showField, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';
import { poolNames } from './capi-fields.ts';

/** Names of machines and labels have 63 characters, and Cluster API appends to what we name. */
const MAX_POOL_NAME = 50;

export function checkClusterNames(units: readonly Unit[]): readonly SlipwayError[] {
  const clusters = units.filter(({ document }) => valueAt(document.value, ['spec', 'provisioner']) === 'capi');
  return [
    ...clusters.flatMap((unit) => checkManagementCluster(unit, units)),
    ...clusters.flatMap(checkLengths),
    ...findCollisions(clusters),
    ...findTakenBootstraps(units),
  ];
}

function checkManagementCluster(unit: Unit, units: readonly Unit[]): readonly SlipwayError[] {
  const path: FieldPath = ['spec', 'capi', 'managementCluster'];
  const name = valueAt(unit.document.value, path);
  if (typeof name !== 'string') return [];
  const target = units.find(({ subject }) => subject === `Cluster/${name}`);
  const fitting = units.filter(isManagement).flatMap((other) => other.name ?? []);
  if (target && isManagement(target)) return [];
  const near = closest(name, fitting) ?? (fitting.length === 1 ? fitting[0] : undefined);
  const what = target === undefined ? 'which is not in the project' : 'which has not role: management';
  return [
    error('SLW-CFG-051', `${showField(path)} is "${name}", ${what}`, {
      context: unit,
      path,
      ...(near !== undefined && { fix: `did you mean "${near}"?` }),
    }),
  ];
}

/** The temporary cluster of `mgmt` is called `mgmt-bootstrap`: in folders, in the journal and in status. */
function findTakenBootstraps(units: readonly Unit[]): readonly SlipwayError[] {
  const names = new Map(units.filter(isManagement).map(({ name }) => [`Cluster/${name}-bootstrap`, name]));
  return units
    .filter(({ subject }) => names.has(subject))
    .map((unit) =>
      error('SLW-CFG-054', `${unit.subject} has the name of the bootstrap cluster of ${names.get(unit.subject) ?? ''}`, {
        context: unit,
        path: ['metadata', 'name'],
      }),
    );
}

function isManagement({ document }: Unit): boolean {
  const { value } = document;
  return valueAt(value, ['spec', 'provisioner']) === 'capi' && valueAt(value, ['spec', 'role']) === 'management';
}

function checkLengths(unit: Unit): readonly SlipwayError[] {
  return poolNames(unit)
    .filter((pool) => `${unit.name}-${pool}`.length > MAX_POOL_NAME)
    .map((pool) =>
      error('SLW-CFG-052', `the pool's objects would be named ${unit.name}-${pool}, with more than ${MAX_POOL_NAME} characters`, {
        context: unit,
        path: ['spec', 'capi', 'workers', pool],
        part: 'key',
      }),
    );
}

interface Named {
  readonly unit: Unit;
  readonly path: FieldPath;
  readonly what: string;
}

/** Pool `c` of cluster `a-b` and pool `b-c` of cluster `a` would be the same object. */
function findCollisions(clusters: readonly Unit[]): readonly SlipwayError[] {
  const first = new Map<string, Named>();
  return clusters.flatMap((unit) =>
    namesOf(unit).flatMap(({ key, ...named }) => {
      const earlier = first.get(key);
      if (!earlier) first.set(key, named);
      if (!earlier) return [];
      const message = `${named.what} and ${earlier.what} would have the same name on their management cluster`;
      return [error('SLW-CFG-052', message, { context: unit, path: named.path, part: 'key' })];
    }),
  );
}

function namesOf(unit: Unit): readonly (Named & { readonly key: string })[] {
  const { value } = unit.document;
  const home = isManagement(unit) ? unit.name : valueAt(value, ['spec', 'capi', 'managementCluster']);
  const place = `${String(home)}/${String(valueAt(value, ['spec', 'capi', 'namespace']) ?? 'default')}`;
  const own = {
    key: `${place}/${unit.name}-control-plane`,
    unit,
    path: ['metadata', 'name'],
    what: `the control plane of ${unit.subject}`,
  };
  const pools = poolNames(unit).map((pool) => ({
    key: `${place}/${unit.name}-${pool}`,
    unit,
    path: ['spec', 'capi', 'workers', pool],
    what: `pool ${pool} of ${unit.subject}`,
  }));
  return [own, ...pools];
}
