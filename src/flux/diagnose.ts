/**
 * Why units are not ready: walks from each unit over its source, its dependencies, its chart and what it applied down to
 * the deepest object that blocks. Pure: a function of what was read, used by the wait, by `status`, and by tests.
 */
import { conditionsOf, type Readiness, textAt, valueAt } from '../kube/readiness-state.ts';
import { readinessOf } from '../kube/readiness.ts';
import { formatRef, type KubeObject, type ObjectRef, refOf } from '../kube/types.ts';
import { type Cause, rankCauses } from './cause.ts';
import { explainSilence, silentController } from './diagnose-controller.ts';
import { diagnoseObject } from './diagnose-workload.ts';
import { readFailure, tidy } from './failure-text.ts';
import { explainSource } from './diagnose-source.ts';
import { chartRefOf, dependenciesOf, inventoryOf, isUnit, progressOf, sourceRefOf, type Unit, unitsOf } from './units.ts';
import { causeOf, type DiagnoseOptions, type Walk } from './walk.ts';
import { keyOf, labelOf, type World } from './world.ts';

export type { DiagnoseOptions } from './walk.ts';

/** All causes, the true one first. Empty: everything has applied the head, or is suspended on purpose. */
export function diagnose(world: World, options: DiagnoseOptions): readonly Cause[] {
  return rankCauses(allCauses(world, options).map((cause) => explainSilence(world, cause, options)));
}

function allCauses(world: World, options: DiagnoseOptions): readonly Cause[] {
  const causes: Cause[] = [];
  const units = unitsOf(world, options.declared, options.heads);
  const stale = new Set(units.filter(({ isStale }) => isStale).map(({ ref }) => formatRef(ref)));
  for (const unit of units) {
    const progress = progressOf(world, unit, options.heads);
    if (progress.state === 'applied' || (progress.state === 'suspended' && !unit.isDeclared)) continue;
    const found = explainUnit({ world, options, chain: [], unit: unit.ref, stale }, unit);
    causes.push(...found.map((cause) => ({ ...cause, blocks: [formatRef(unit.ref)] })));
  }
  for (const source of options.sources ?? []) {
    const cause = explainSource({ world, options, chain: [], unit: source, stale }, source);
    if (cause) causes.push(cause);
  }
  return causes;
}

function explainUnit(walk: Walk, unit: Unit): readonly Cause[] {
  const label = formatRef(unit.ref);
  if (walk.chain.includes(label)) return [cycle(walk, unit.ref, label)];
  const inside: Walk = { ...walk, chain: [...walk.chain, label], unit: unit.ref };
  const { object } = unit;
  if (object === undefined)
    return [causeOf(inside, unit.ref, { kind: 'waiting', area: 'unit', reason: 'NotFound', message: 'does not exist yet' })];
  const progress = progressOf(walk.world, unit, walk.options.heads);
  if (progress.state === 'suspended')
    return [causeOf(inside, unit.ref, { kind: 'suspended', area: 'unit', reason: 'Suspended', message: 'spec.suspend is true' })];
  const before = beforeIt(inside, object);
  if (before.length > 0) return before;
  return explainItself(inside, unit, object);
}

/** What must be right before the unit can do anything: its source, then what it depends on, then its chart. */
function beforeIt(walk: Walk, object: KubeObject): readonly Cause[] {
  const source = sourceRefOf(object);
  const fromSource = source && isExplained(source) ? explainSource(walk, source) : undefined;
  if (fromSource) return [fromSource];
  const fromDependencies = dependenciesOf(object).flatMap((dependency) => explainDependency(walk, object, dependency));
  if (fromDependencies.length > 0) return fromDependencies;
  return explainChart(walk, object);
}

function isExplained(source: ObjectRef): boolean {
  return ['GitRepository', 'OCIRepository', 'Bucket', 'HelmRepository'].includes(source.kind);
}

function explainDependency(walk: Walk, object: KubeObject, ref: ObjectRef): readonly Cause[] {
  const { world, options } = walk;
  const dependency = world.get(ref);
  if (dependency === undefined) {
    if (!world.knows(ref)) return [];
    const isDeclared = options.declared.includes(ref.name);
    return [
      causeOf(walk, refOf(object), {
        kind: isDeclared ? 'waiting' : 'failed',
        area: 'unit',
        reason: 'DependencyMissing',
        message: `depends on ${formatRef(ref)}, which does not exist`,
      }),
    ];
  }
  const unit: Unit = { ref: refOf(dependency), object: dependency, isDeclared: false };
  if (walk.chain.includes(formatRef(unit.ref))) return [cycle(walk, unit.ref, formatRef(unit.ref))];
  return progressOf(world, unit, options.heads).state === 'applied' ? [] : explainUnit(walk, unit);
}

function cycle(walk: Walk, ref: ObjectRef, label: string): Cause {
  const loop = [...walk.chain.slice(walk.chain.indexOf(label)), label];
  return causeOf(walk, ref, { kind: 'failed', area: 'unit', reason: 'DependencyCycle', message: `depends on itself: ${loop.join(' → ')}` });
}

function explainChart(walk: Walk, object: KubeObject): readonly Cause[] {
  const ref = object.kind === 'HelmRelease' ? chartRefOf(object) : undefined;
  const chart = ref && walk.world.get(ref);
  if (chart === undefined || !isChartOf(object, chart)) return [];
  const readiness = readinessOf(chart);
  if (readiness.state !== 'failed') return [];
  return [causeOf(walk, refOf(chart), { kind: 'failed', area: 'unit', reason: readiness.reason, message: tidy(readiness.message) })];
}

/** False while helm-controller has not passed an edit of the release on: the chart then still tells of the one before. */
function isChartOf(release: KubeObject, chart: KubeObject): boolean {
  const wish = textAt(release, 'spec', 'chart', 'spec', 'chart');
  return wish === undefined || wish === textAt(chart, 'spec', 'chart');
}

/** Its dependencies are fine: it failed by itself, or waits for what it applied. */
function explainItself(walk: Walk, unit: Unit, object: KubeObject): readonly Cause[] {
  const { state, readiness: plain, hasTriedHead } = progressOf(walk.world, unit, walk.options.heads);
  const readiness = plain.reason === 'RetriesExceeded' ? lastAttempt(object, plain) : plain;
  const isHealth = isWaitingForObjects(object, readiness.reason, readiness.message);
  if (state === 'failed' && !isHealth) return [ownFailure(walk, unit, { ...readiness, hasTriedHead })];
  const below = explainObjects(walk, object);
  if (below.length > 0) return below;
  if (readiness.state === 'ready')
    return [
      causeOf(walk, unit.ref, {
        kind: 'waiting',
        area: 'unit',
        reason: 'NotAtHead',
        message: 'has not applied the head of its source yet',
      }),
    ];
  if (state === 'failed')
    return [
      causeOf(walk, unit.ref, {
        kind: hasTriedHead ? 'failed' : 'waiting',
        area: 'unit',
        reason: readiness.reason,
        message: tidy(readiness.message),
      }),
    ];
  const progress = conditionsOf(object).get('Reconciling')?.message ?? readiness.message;
  return [causeOf(walk, unit.ref, { kind: 'waiting', area: 'unit', reason: readiness.reason, message: tidy(progress) })];
}

/** helm-controller's last word only counts attempts; what the attempts failed with stands in another condition. */
function lastAttempt(release: KubeObject, readiness: Readiness): Readiness {
  const released = conditionsOf(release).get('Released') ?? conditionsOf(release).get('TestSuccess');
  return released?.status === 'False'
    ? { ...readiness, reason: released.reason ?? readiness.reason, message: `${readiness.message}: ${released.message ?? ''}` }
    : readiness;
}

/** Not its own fault: the wait for what it applied failed, or is still going on. */
function isWaitingForObjects(object: KubeObject, reason: string, message: string): boolean {
  if (reason === 'HealthCheckFailed') return true;
  const isRelease = object.kind === 'HelmRelease' && /^(Install|Upgrade|Rollback|Test)Failed$/.test(reason);
  return isRelease && /context deadline|timed? ?out|not ready|InProgress|hook/i.test(message);
}

function ownFailure(
  walk: Walk,
  unit: Unit,
  failure: { readonly reason: string; readonly message: string; readonly hasTriedHead: boolean },
): Cause {
  const named = readFailure(failure.message);
  const isUndone = named.ref !== undefined && named.ref.name !== '';
  const ref = isUndone && named.ref ? known(walk.world, unit, named.ref) : unit.ref;
  const reason = named.reason ?? failure.reason;
  return causeOf(walk, ref, { kind: failure.hasTriedHead ? 'failed' : 'waiting', area: 'unit', reason, message: tidy(failure.message) });
}

/** Messages name objects without an API version; the inventory or the world may know it. */
function known(world: World, unit: Unit, named: ObjectRef): ObjectRef {
  const listed = unit.object
    ? inventoryOf(unit.object).find((ref) => ref.kind === named.kind && ref.name === named.name && ref.namespace === named.namespace)
    : undefined;
  const object = listed && world.get(listed);
  return object ? refOf(object) : (listed ?? named);
}

/** Objects it applied and that are not ready; with a list of health checks, those on the list. */
function explainObjects(walk: Walk, object: KubeObject): readonly Cause[] {
  const waits = valueAt(object, 'spec', 'wait') === true || object.kind === 'HelmRelease';
  const inventory = inventoryOf(object);
  const listed = healthChecksOf(object);
  const refs = waits ? inventory : listed;
  return refs.flatMap((ref) => explainApplied(walk, ref));
}

function healthChecksOf(object: KubeObject): readonly ObjectRef[] {
  const list = valueAt(object, 'spec', 'healthChecks');
  return (Array.isArray(list) ? list : []).map((check: unknown) => {
    const namespace = textAt(check, 'namespace');
    return {
      apiVersion: textAt(check, 'apiVersion') ?? 'v1',
      kind: textAt(check, 'kind') ?? '',
      name: textAt(check, 'name') ?? '',
      ...(namespace !== undefined && { namespace }),
    };
  });
}

function explainApplied(walk: Walk, ref: ObjectRef): readonly Cause[] {
  const { world, options } = walk;
  const object = world.get(ref);
  if (object === undefined)
    return world.knows(ref) ? [causeOf(walk, ref, { kind: 'waiting', area: 'object', reason: 'NotFound', message: 'does not exist' })] : [];
  if (isUnit(ref)) {
    const unit: Unit = { ref: refOf(object), object, isDeclared: false };
    const { state } = progressOf(world, unit, options.heads);
    return state === 'applied' || state === 'suspended' ? [] : explainUnit(walk, unit);
  }
  if (readinessOf(object).state === 'ready') return [];
  const finding = diagnoseObject(world, object, options.cannotRun);
  const chain = [...walk.chain, ...finding.path];
  return [
    {
      ...causeOf(walk, refOf(finding.object), { kind: finding.kind, area: 'object', reason: finding.reason, message: finding.message }),
      chain,
      object: labelOf(finding.object),
    },
  ];
}

/** Kinds and namespaces whose objects would let `diagnose` say more than it can now. */
export function wanted(world: World, options: DiagnoseOptions): readonly ObjectRef[] {
  const refs = new Map<string, ObjectRef>();
  for (const unit of unitsOf(world, options.declared, options.heads)) {
    if (unit.object === undefined || progressOf(world, unit, options.heads).state === 'applied') continue;
    for (const ref of [...inventoryOf(unit.object), ...healthChecksOf(unit.object)]) if (!world.knows(ref)) refs.set(keyOf(ref), ref);
  }
  for (const cause of allCauses(world, options)) {
    const controller = silentController(cause);
    if (controller && !world.knows(controller)) refs.set(keyOf(controller), controller);
  }
  return [...refs.values()];
}
