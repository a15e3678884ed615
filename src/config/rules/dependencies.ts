/** The graph of Kustomizations in one cluster: unique names, no dependsOn into nothing, no circles. */
import type { SlipwayError } from '../../core/errors.ts';
import { closest } from '../../core/ids.ts';
import { GITOPS_PATHS, type Unit } from '../document.ts';
import { error, valueAt } from '../shape-faults.ts';
import type { FieldPath } from '../source.ts';
import { findCycles, type Graph } from './cycles.ts';

interface Declared {
  readonly name: string;
  readonly repository: string;
  readonly path: FieldPath;
  readonly dependsOn: readonly { readonly name: string; readonly path: FieldPath }[];
}

/** Works on unjudged data, so that these faults are found together with those of shape. */
export function checkDependencies(unit: Unit): readonly SlipwayError[] {
  return GITOPS_PATHS.flatMap((gitops) => checkGitops(unit, gitops));
}

function checkGitops(unit: Unit, gitops: FieldPath): readonly SlipwayError[] {
  const declared = collect(unit, gitops);
  const byName = new Map<string, Declared>();
  const errors: SlipwayError[] = [];
  for (const kustomization of declared) {
    const first = byName.get(kustomization.name);
    if (first) errors.push(duplicate(kustomization, first, unit));
    else byName.set(kustomization.name, kustomization);
  }
  for (const kustomization of declared) errors.push(...findDangling(kustomization, byName, unit));
  return [...errors, ...findCircles(byName, unit)];
}

function collect(unit: Unit, gitops: FieldPath): readonly Declared[] {
  const repositories: FieldPath = [...gitops, 'repositories'];
  return keysAt(unit, repositories).flatMap((repository) => {
    const all = [...repositories, repository, 'kustomizations'];
    return keysAt(unit, all).map((name) => ({
      name,
      repository,
      path: [...all, name],
      dependsOn: dependenciesAt(unit, [...all, name, 'dependsOn']),
    }));
  });
}

function dependenciesAt(unit: Unit, path: FieldPath) {
  const names = valueAt(unit.document.value, path);
  if (!Array.isArray(names)) return [];
  return names.flatMap((name: unknown, i) => (typeof name === 'string' ? [{ name, path: [...path, i] }] : []));
}

function keysAt(unit: Unit, path: FieldPath): readonly string[] {
  const value = valueAt(unit.document.value, path);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.keys(value) : [];
}

function duplicate(second: Declared, first: Declared, unit: Unit): SlipwayError {
  const { line } = unit.document.locate(first.path, 'key');
  const message = `kustomization "${second.name}" is declared by repository ${first.repository} in line ${line} already`;
  return error('SLW-CFG-021', message, {
    context: unit,
    path: second.path,
    part: 'key',
    fix: `rename one of them, for example to "${second.repository}-${second.name}"`,
  });
}

function findDangling(kustomization: Declared, byName: ReadonlyMap<string, Declared>, unit: Unit): readonly SlipwayError[] {
  return kustomization.dependsOn
    .filter(({ name }) => !byName.has(name))
    .map(({ name, path }) => {
      const near = closest(name, byName.keys());
      return error('SLW-CFG-024', `kustomization "${kustomization.name}" depends on "${name}", which ${unit.subject} does not declare`, {
        context: unit,
        path,
        ...(near !== undefined && { fix: `did you mean "${near}"?` }),
      });
    });
}

function findCircles(byName: ReadonlyMap<string, Declared>, unit: Unit): readonly SlipwayError[] {
  const graph: Graph = new Map([...byName].map(([name, { dependsOn }]) => [name, dependsOn.map((needed) => needed.name)]));
  return findCycles(graph).map((cycle) => {
    const [first = ''] = cycle;
    const closing = byName.get(cycle.at(-1) ?? '')?.dependsOn.find(({ name }) => name === first);
    return error('SLW-CFG-025', `kustomizations wait for each other: ${[...cycle, first].join(' → ')}`, {
      context: unit,
      path: closing?.path ?? [],
    });
  });
}
