/**
 * From files to a checked project. Owns: which files, YAML, shapes, references, names; all faults at once, each with its
 * position. Must not know: Kubernetes, Flux's objects, Git, the state folder's content. Reads only; loading twice gives the same.
 */
import { join, resolve } from 'node:path';
import { parseDuration } from '../core/duration.ts';
import { isSlipwayError, SlipwayError, SlipwayErrors, type SourcePosition } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import { identify, type Unit } from './document.ts';
import { findProjectFiles, type ProjectFiles, readSource, showPath } from './files.ts';
import { type ProjectSpec, projectSpec } from './kinds/project.ts';
import type { ParsedDocument } from './kinds/registry.ts';
import { type ResolvedNetwork, resolveNetwork } from './resolved-network.ts';
import { NO_SITE, type ResolvedSite, resolveSite } from './resolved-site.ts';
import { LOCAL_STATE, type ResolvedState, resolveState } from './resolved-state.ts';
import { type ResolvedCluster, resolveCluster } from './resolved.ts';
import { Resolver } from './resolver.ts';
import { checkCapiFields } from './rules/capi-fields.ts';
import { checkClusterNames } from './rules/capi-names.ts';
import { checkNetworks } from './rules/capi-networks.ts';
import { checkDependencies } from './rules/dependencies.ts';
import { checkEksFields, checkEksNetworks } from './rules/eks-fields.ts';
import { checkHookNames } from './rules/hook-names.ts';
import { findLookAlikes } from './rules/look-alikes.ts';
import { checkNames } from './rules/names.ts';
import { checkNetworkFields } from './rules/network-fields.ts';
import { checkOutputs, documentNeeds, findReferences, type FoundReference } from './rules/outputs.ts';
import { checkVersions, findReservedWords } from './rules/reserved.ts';
import { checkSite } from './rules/site.ts';
import { checkSources, type SourceCheck } from './rules/sources.ts';
import { checkState } from './rules/state.ts';
import { checkFolders, checkManifests, checkReferences } from './rules/world.ts';
import { checkShape } from './shape.ts';
import { type FieldPath, parseSource, type SourceDocument } from './source.ts';

export type { ResolvedNetwork } from './resolved-network.ts';
export type { ResolvedSite } from './resolved-site.ts';
export type { CapiCluster, EksCluster, ExistingCluster, LocalCluster, ResolvedCluster } from './resolved.ts';
export type { ResolvedGitops, ResolvedKustomization, ResolvedRepository } from './resolved-gitops.ts';

export interface LoadOptions {
  /** `--state-dir`, resolved against cwd; goes before the project's own `state.dir`. */
  readonly stateDir?: string;
  /** Whether variables, files and folders that the project names must be there. Default true; `down` and `status` do without. */
  readonly checkWorld?: boolean;
}

/** Something worth saying that stops nothing. */
export interface Finding {
  readonly level: 'warning';
  readonly code: SlipwayError['code'];
  readonly message: string;
  readonly fix: string;
  readonly at?: SourcePosition;
  readonly object?: string;
}

export interface LoadedProject {
  readonly name: string;
  /** Folder of slipway.yaml, or around slipway/; absolute. */
  readonly dir: string;
  /** Absolute, in reading order. */
  readonly files: readonly string[];
  /** Absolute; not made by loading. */
  readonly stateDir: string;
  readonly state: ResolvedState;
  readonly defaults: { readonly timeoutMs: number; readonly parallel: number };
  readonly site: ResolvedSite;
  /** In the order of the documents. */
  readonly networks: readonly ResolvedNetwork[];
  /** In the order of the documents. */
  readonly clusters: readonly ResolvedCluster[];
  readonly findings: readonly Finding[];
  /** Where a field of a document stands, or its nearest parent: `positionOf('Cluster/demo', ['spec', 'gitops'])`. */
  positionOf(subject: string, path: FieldPath): SourcePosition | undefined;
}

/**
 * Loads and checks a project; `file` is what `-f` says: a file or a folder.
 * @throws SlipwayErrors with everything that is wrong, in the order of the files; never anything else.
 */
export async function loadProject(host: Host, file: string, options: LoadOptions = {}): Promise<LoadedProject> {
  try {
    const found = await findProjectFiles(host, file);
    const read = await readDocuments(host, found);
    const checked = checkDocuments(read.documents);
    const world = options.checkWorld === false ? { errors: [], warnings: [] } : await checkWorld(host, checked);
    const errors = [...read.errors, ...checked.errors, ...world.errors];
    if (errors.length > 0) throw new SlipwayErrors(tidy(errors));
    return assemble(host, { found, checked, options, warnings: [...checked.warnings, ...world.warnings] });
  } catch (thrown) {
    if (isSlipwayError(thrown)) throw new SlipwayErrors([thrown]);
    throw thrown;
  }
}

interface ReadDocuments {
  readonly documents: readonly SourceDocument[];
  readonly errors: readonly SlipwayError[];
}

async function readDocuments(host: Host, found: ProjectFiles): Promise<ReadDocuments> {
  const documents: SourceDocument[] = [];
  const errors: SlipwayError[] = [];
  for (const path of found.files) {
    try {
      const parsed = parseSource(await readSource(host, path));
      documents.push(...parsed.documents);
      errors.push(...parsed.errors);
    } catch (thrown) {
      if (!isSlipwayError(thrown)) throw thrown;
      errors.push(thrown);
    }
  }
  if (documents.length === 0 && errors.length === 0) errors.push(emptyProject(host, found));
  return { documents, errors };
}

function emptyProject(host: Host, found: ProjectFiles): SlipwayError {
  const file = showPath(host, found.files[0] ?? found.dir);
  return new SlipwayError('SLW-CFG-007', `${file} holds no document`, { at: { file, line: 1, col: 1 } });
}

interface Judged {
  readonly unit: Unit;
  /** What the kind's schema made of it; undefined when it found faults. */
  readonly parsed: ParsedDocument | undefined;
  readonly errors: readonly SlipwayError[];
}

interface Checked {
  readonly judged: readonly Judged[];
  readonly units: readonly Unit[];
  readonly references: readonly FoundReference[];
  readonly sources: readonly (SourceCheck & { readonly unit: Unit })[];
  readonly errors: readonly SlipwayError[];
  readonly warnings: readonly SlipwayError[];
}

function checkDocuments(documents: readonly SourceDocument[]): Checked {
  const identified = documents.map(identify);
  const units = identified.flatMap(({ unit }) => (unit ? [unit] : []));
  const judged = units.map(judge);
  const references = units.flatMap(findReferences);
  const sources = units.map((unit) => ({ unit, ...checkSources(unit, units) }));
  const errors = [
    ...identified.flatMap((one) => one.errors),
    ...judged.flatMap((one) => one.errors),
    ...sources.flatMap((one) => one.errors),
    ...checkNames(units),
    ...checkClusterNames(units),
    ...checkEksNetworks(units),
    ...checkOutputs(references, units),
  ];
  return { judged, units, references, sources, errors, warnings: sources.flatMap((one) => one.warnings) };
}

function judge(unit: Unit): Judged {
  const rules = [
    ...checkVersions(unit),
    ...checkDependencies(unit),
    ...findLookAlikes(unit),
    ...checkCapiFields(unit),
    ...checkNetworks(unit),
    ...checkSite(unit),
    ...checkNetworkFields(unit),
    ...checkEksFields(unit),
    ...checkHookNames(unit),
    ...checkState(unit),
  ];
  const reserved = findReservedWords(unit);
  if (reserved.length > 0) return { unit, parsed: undefined, errors: [...reserved, ...rules] };
  const { parsed, errors } = checkShape(unit);
  return { unit, parsed, errors: [...errors, ...rules] };
}

async function checkWorld(host: Host, checked: Checked) {
  const references = await checkReferences(host, checked.references);
  const folders = await checkFolders(
    host,
    checked.sources.flatMap(({ unit, folders }) => folders.map((folder) => ({ unit, ...folder }))),
  );
  return { errors: [...references.errors, ...folders, ...(await checkManifests(host, checked.units))], warnings: references.warnings };
}

// What the YAML itself got wrong explains any later fault at the same place, so the first error there stays alone.
function tidy(errors: readonly SlipwayError[]): readonly SlipwayError[] {
  const byPlace = new Map<string, SlipwayError>();
  for (const error of errors) {
    const place = `${error.at?.file}:${error.at?.line}:${error.at?.col}`;
    const first = byPlace.get(place);
    const isExplained = first !== undefined && (YAML_FAULTS.has(first.code) || first.code === error.code);
    byPlace.set(first === undefined || isExplained ? place : `${place} ${error.code} ${error.message}`, isExplained ? first : error);
  }
  return [...byPlace.values()].sort(byPosition);
}

const YAML_FAULTS: ReadonlySet<string> = new Set(['SLW-CFG-005', 'SLW-CFG-008', 'SLW-CFG-010', 'SLW-CFG-011', 'SLW-CFG-014']);

function byPosition(a: SlipwayError, b: SlipwayError): number {
  const [left, right] = [a.at, b.at];
  if (!left || !right) return Number(left === undefined) - Number(right === undefined);
  return compareText(left.file, right.file) || left.line - right.line || left.col - right.col || compareText(a.code, b.code);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

interface Assembly {
  readonly found: ProjectFiles;
  readonly checked: Checked;
  readonly options: LoadOptions;
  readonly warnings: readonly SlipwayError[];
}

function assemble(host: Host, { found, checked, options, warnings }: Assembly): LoadedProject {
  const needs = documentNeeds(checked.references, checked.units);
  const needsOf = (unit: Unit) => [...new Set(needs.get(unit.subject))];
  const bySubject = new Map(checked.units.map((unit) => [unit.subject, unit]));
  const name = checked.units[0]?.name ?? '';
  const { spec, site, state } = findProject(checked, name);
  const base = checked.units[0]?.document.folder ?? found.dir;
  const ownStateDir = spec.state.dir === undefined ? join(found.dir, '.slipway', name) : resolve(base, spec.state.dir);
  return {
    name,
    dir: found.dir,
    files: found.files,
    stateDir: options.stateDir === undefined ? ownStateDir : resolve(host.env.cwd, options.stateDir),
    state,
    defaults: { timeoutMs: parseDuration(spec.defaults.timeout) ?? 0, parallel: spec.defaults.parallel },
    site,
    networks: checked.judged.flatMap(({ parsed, unit }) =>
      parsed?.kind === 'Network' ? [resolveNetwork(parsed, unit, { needs: needsOf(unit), clusterNames: clustersIn(unit, checked) })] : [],
    ),
    clusters: checked.judged.flatMap(({ parsed, unit }) =>
      parsed?.kind === 'Cluster' ? [resolveCluster(parsed, unit, { needs: needsOf(unit), site })] : [],
    ),
    findings: [...warnings].sort(byPosition).map(toFinding),
    positionOf: (subject, path) => bySubject.get(subject)?.document.locate(path),
  };
}

interface ProjectWide {
  readonly spec: ProjectSpec;
  readonly site: ResolvedSite;
  readonly state: ResolvedState;
}

/** What the Project document says, or what holds without one. */
function findProject({ judged }: Checked, name: string): ProjectWide {
  for (const { parsed, unit } of judged) {
    if (parsed?.kind !== 'Project') continue;
    const make = new Resolver(unit);
    return { spec: parsed.spec, site: resolveSite(parsed.spec.site, make), state: resolveState(parsed.spec.state, name, make) };
  }
  return { spec: projectSpec.parse({}), site: NO_SITE, state: LOCAL_STATE };
}

/** Names of the EKS clusters whose network refers to this one. */
function clustersIn(network: Unit, { references }: Checked): readonly string[] {
  const inside = references.filter(
    ({ path, reference }) =>
      path[1] === 'eks' && path[2] === 'network' && reference?.kind === 'output' && reference.target === network.subject,
  );
  return [...new Set(inside.flatMap(({ unit }) => unit.name ?? []))];
}

function toFinding(warning: SlipwayError): Finding {
  const { code, message, fix, at, object } = warning;
  return { level: 'warning', code, message, fix, ...(at && { at }), ...(object !== undefined && { object }) };
}
