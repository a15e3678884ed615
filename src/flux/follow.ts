/**
 * The GitOps wait. It ends when the declared Kustomizations, and every Kustomization and HelmRelease in their inventories,
 * have applied the commit that is at the head now; or, by name of the deepest object that blocks, as soon as waiting on is
 * pointless; or at its bound. By watches, never by polling.
 */
import { isAbort } from '../core/errors.ts';
import type { StepReport } from '../engine/step.ts';
import type { Host } from '../host/host.ts';
import { conditionsOf, textAt, valueAt } from '../kube/readiness-state.ts';
import { formatRef, type KubeClient, type KubeObject, type ObjectRef } from '../kube/types.ts';
import type { Cause } from './cause.ts';
import type { CannotRun } from './diagnose-workload.ts';
import { diagnose, wanted } from './diagnose.ts';
import { type FollowedSource, HeadBoard, Pokes } from './heads.ts';
import { FLUX_KINDS, Mirror } from './mirror.ts';
import { boundError, sentence, stallError } from './stall.ts';
import { dependenciesOf, ignoresEdits, progressOf, type Unit, unitsOf } from './units.ts';
import { keyOf, type World } from './world.ts';

export interface FollowOptions {
  readonly host: Host;
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  /** Bound of the whole wait. */
  readonly timeoutMs: number;
  /** Names of the Kustomizations the project declares. */
  readonly declared: readonly string[];
  readonly sources: readonly FollowedSource[];
  readonly report: (report: StepReport) => void;
  /** Given on clusters without nodes: a unit blocked only by such objects ends the wait at once. */
  readonly cannotRun?: CannotRun;
  /** Position of a cause in files that can be read here. */
  readonly locate?: (cause: Cause) => Promise<string | undefined>;
  readonly deployKeys?: Readonly<Record<string, string>>;
}

export interface FollowResult {
  /** Commit or digest applied, by `Kind/namespace/name` of the source. */
  readonly revisions: Readonly<Record<string, string>>;
  /** Units that have applied it, suspended ones left out. */
  readonly units: number;
}

/** After a failure is certain, others may still fail or finish for so long before the wait ends. */
const SETTLE_MS = 5_000;
/** Changes come in bursts; they are looked at together. */
const BURST_MS = 15;

/** @throws SLW-FLX-001, -003 … -007 when waiting is pointless, SLW-FLX-002 at the bound. Safe to call again. */
export async function followGitops(options: FollowOptions): Promise<FollowResult> {
  options.signal.throwIfAborted();
  const end = new AbortController();
  const bound = options.host.clock.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, bound, end.signal]);
  const wait = new GitopsWait(options, signal);
  try {
    return await wait.run();
  } catch (error) {
    if (options.signal.aborted || !bound.aborted || !isAbort(error)) throw error;
    throw boundError(await wait.located(), options);
  } finally {
    end.abort();
  }
}

class GitopsWait {
  readonly #options: FollowOptions;
  readonly #signal: AbortSignal;
  readonly #mirror: Mirror;
  readonly #pokes: Pokes;
  readonly #board: HeadBoard;
  /** Units that had failed already when the wait began: they get one more try. */
  readonly #freshFailures = new Set<string>();
  #isFirst = true;
  #certainSince: number | undefined;
  #shown = '';
  #causes: readonly Cause[] = [];

  constructor(options: FollowOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#mirror = new Mirror(options.client, signal);
    this.#pokes = new Pokes(options.host, options.client);
    this.#board = new HeadBoard(options.sources, this.#pokes);
  }

  async run(): Promise<FollowResult> {
    const stopTicking = this.#options.host.clock.every(1_000, () => this.#certainSince !== undefined && this.#mirror.wake());
    const wake = (): void => this.#mirror.wake();
    this.#signal.addEventListener('abort', wake);
    try {
      await Promise.all([this.#board.readAll(this.#signal), ...FLUX_KINDS.map((kind) => this.#mirror.follow(kind, { isEssential: true }))]);
      for (;;) {
        this.#signal.throwIfAborted();
        const result = await this.#look();
        if (result) return result;
        await this.#mirror.changed();
        await this.#options.host.clock.sleep(BURST_MS, this.#signal);
      }
    } finally {
      stopTicking();
      this.#signal.removeEventListener('abort', wake);
    }
  }

  async located(): Promise<readonly Cause[]> {
    const { locate } = this.#options;
    if (locate === undefined) return this.#causes;
    return await Promise.all(
      this.#causes.map(async (cause, index) => (index < 5 ? withFile(cause, await locate(cause).catch(() => undefined)) : cause)),
    );
  }

  async #look(): Promise<FollowResult | undefined> {
    const world = this.#mirror.world();
    await this.#board.advance(world, this.#signal);
    const units = unitsOf(world, this.#options.declared, this.#board.heads);
    const causes = diagnose(world, this.#diagnoseOptions());
    this.#causes = causes;
    if (causes.length === 0 && this.#board.isComplete) return this.#finish(units, world);
    await this.#lookDeeper(world);
    await this.#pokeUnblocked(world, units);
    await this.#endIfStalled(world, causes);
    this.#show(causes);
    this.#isFirst = false;
    return undefined;
  }

  #diagnoseOptions(): Parameters<typeof diagnose>[1] {
    const { declared, sources, cannotRun } = this.#options;
    return { declared, sources: sources.map(({ ref }) => ref), heads: this.#board.heads, ...(cannotRun && { cannotRun }) };
  }

  /** Not awaited: what the new watches bring wakes the wait again. */
  async #lookDeeper(world: World): Promise<void> {
    const refs = wanted(world, this.#diagnoseOptions());
    if (refs.length === 0) return;
    void this.#mirror.followWarnings();
    void this.#mirror.followBelow(refs);
  }

  /** Controllers look at dependencies again only after a pause; we know at once. */
  async #pokeUnblocked(world: World, units: readonly Unit[]): Promise<void> {
    const heads = this.#board.heads;
    for (const unit of units) {
      const { object } = unit;
      if (object === undefined || conditionsOf(object).get('Ready')?.reason !== 'DependencyNotReady') continue;
      const dependencies = dependenciesOf(object).map((ref) => ({ ref, object: world.get(ref), isDeclared: false }));
      const isFree = dependencies.every((dependency) => progressOf(world, dependency, heads).state === 'applied');
      if (isFree) await this.#pokes.ask(object, `${this.#board.epoch} free`, this.#signal);
    }
  }

  async #endIfStalled(world: World, causes: readonly Cause[]): Promise<void> {
    if (causes.length === 0) return;
    const judged = await Promise.all(causes.map(async (cause) => ({ cause, isFinal: await this.#isFinal(world, cause) })));
    const final = judged.filter(({ isFinal }) => isFinal);
    const isFailure = final.some(({ cause }) => cause.kind !== 'cannot-run');
    const now = this.#options.host.clock.monotonic();
    if (isFailure) this.#certainSince ??= now;
    else this.#certainSince = undefined;
    const isOver = final.length === judged.length || (this.#certainSince !== undefined && now - this.#certainSince >= SETTLE_MS);
    if (!isOver) return;
    this.#causes = final.map(({ cause }) => cause);
    throw stallError(await this.located(), this.#options);
  }

  /** Whether waiting can change this cause. Its controller must have tried the head, at our request, and failed again. */
  async #isFinal(world: World, cause: Cause): Promise<boolean> {
    if (cause.kind === 'cannot-run') return true;
    if (cause.kind === 'suspended') return true;
    if (cause.kind === 'waiting' && cause.area !== 'object') return false;
    const target = world.get(isFluxKind(cause.ref) ? cause.ref : cause.unit);
    if (target === undefined) return false;
    if (cause.area === 'object') return this.#isHealthFinal(world, cause, target);
    const mark = `${this.#board.epoch} retry`;
    if (this.#pokes.isHandled(target, mark)) return true;
    await this.#pokes.ask(target, mark, this.#signal);
    return false;
  }

  /** An object that is not healthy may recover until its unit has given up on it. */
  async #isHealthFinal(world: World, cause: Cause, unit: KubeObject): Promise<boolean> {
    const key = keyOf(cause.unit);
    const progress = progressOf(world, { ref: cause.unit, object: unit, isDeclared: false }, this.#board.heads);
    const hasGivenUp = progress.state === 'failed' && progress.hasTriedHead;
    if (!hasGivenUp) {
      this.#freshFailures.delete(key);
      return false;
    }
    if (this.#isFirst) this.#freshFailures.add(key);
    if (!this.#freshFailures.has(key)) return true;
    const mark = `${this.#board.epoch} retry`;
    if (this.#pokes.isHandled(unit, mark)) return true;
    await this.#pokes.ask(unit, mark, this.#signal);
    return false;
  }

  #show(causes: readonly Cause[]): void {
    const [first] = causes;
    if (first === undefined || this.#shown === `${first.object} ${first.reason} ${first.message}`) return;
    this.#shown = `${first.object} ${first.reason} ${first.message}`;
    this.#options.report({
      type: 'waiting',
      object: first.object,
      reason: first.reason,
      message: sentence(first, causes.length),
      boundMs: this.#options.timeoutMs,
    });
  }

  #finish(units: readonly Unit[], world: World): FollowResult {
    const heads = this.#board.heads;
    for (const unit of units) this.#warn(unit);
    const revisions = Object.fromEntries(
      this.#options.sources.map(({ ref }) => [
        formatRef(ref),
        textAt(world.get(ref), 'status', 'artifact', 'revision') ?? heads.get(keyOf(ref)) ?? '',
      ]),
    );
    return { revisions, units: units.filter((unit) => progressOf(world, unit, heads).state === 'applied').length };
  }

  #warn(unit: Unit): void {
    const label = formatRef(unit.ref);
    const { report } = this.#options;
    if (unit.object && ignoresEdits(unit.object))
      report({
        type: 'finding',
        level: 'warning',
        code: 'SLW-FLX-011',
        message: `${label} takes its chart from Git without reconcileStrategy: Revision; edits of the chart alone will not be applied`,
      });
    if (unit.object && valueAt(unit.object, 'spec', 'suspend') === true)
      report({
        type: 'finding',
        level: 'warning',
        code: 'SLW-FLX-012',
        message: `${label} is suspended and does not follow the repository`,
      });
  }
}

function isFluxKind(ref: ObjectRef): boolean {
  return FLUX_KINDS.some((kind) => kind.kind === ref.kind && keyOf(ref).startsWith(`${kind.apiVersion.split('/')[0]}/`));
}

function withFile(cause: Cause, file: string | undefined): Cause {
  return file === undefined ? cause : { ...cause, file };
}
