/**
 * Who works for a cluster of this machine while somebody waits for it: the local runtime (a kubelet's work for known controllers) and the
 * controllers of infrastructure `local`. One of each for a cluster in a run, however many steps wait at the same time: two would start the
 * same process twice.
 */
import { createLocalInfrastructure } from '../../capi/local/infrastructure.ts';
import { openRuntime } from '../../control-plane/runtime/runtime-step.ts';
import { isAbort, toErrorRecords } from '../../core/errors.ts';
import type { StepReport } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { clustersDir } from './ids.ts';
import type { Place } from './way.ts';

/** The part of a step's or an undoing's context that attending needs. */
export interface Attendant {
  readonly host: Host;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly report: (report: StepReport) => void;
}

const PAUSE_MS = 1_000;

export class Attendance {
  readonly #place: Place;
  readonly #context: ProvisionerContext;
  readonly #attendants = new Set<Attendant>();
  #runtime: Work | undefined;
  #infrastructure: Work | undefined;
  #infrastructureRests = false;
  #runtimeRests = false;
  #exclusive: Promise<void> = Promise.resolve();
  /** Beginnings and ends one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(place: Place, context: ProvisionerContext) {
    this.#place = place;
    this.#context = context;
  }

  /** Acts while the cluster is attended to. */
  async during<T>(attendant: Attendant, client: KubeClient, act: () => Promise<T>): Promise<T> {
    this.#attendants.add(attendant);
    await this.#settle(client);
    try {
      return await act();
    } finally {
      this.#attendants.delete(attendant);
      await this.#settle(client);
    }
  }

  /** Acts as the runtime itself, while none of the attending ones works: one at a time. */
  async asRuntime<T>(client: KubeClient, act: () => Promise<T>): Promise<T> {
    const before = this.#exclusive;
    let end = (): void => undefined;
    this.#exclusive = new Promise((resolve) => (end = resolve));
    await before;
    this.#runtimeRests = true;
    try {
      await this.#settle(client);
      return await act();
    } finally {
      this.#runtimeRests = false;
      end();
      await this.#settle(client);
    }
  }

  /** The controllers of infrastructure `local` leave everything alone until `wakeInfrastructure`. */
  async restInfrastructure(client: KubeClient): Promise<void> {
    this.#infrastructureRests = true;
    await this.#settle(client);
  }

  async wakeInfrastructure(client: KubeClient): Promise<void> {
    this.#infrastructureRests = false;
    await this.#settle(client);
  }

  #settle(client: KubeClient): Promise<void> {
    this.#turn = this.#turn.then(() => this.#arrange(client));
    return this.#turn;
  }

  async #arrange(client: KubeClient): Promise<void> {
    const { way, providers } = this.#place;
    const attended = this.#attendants.size > 0;
    const runtime = attended && way.kind === 'folder' && !this.#runtimeRests;
    const infrastructure = attended && providers.includes('local') && !this.#infrastructureRests;
    [this.#runtime, this.#infrastructure] = await Promise.all([
      this.#keep(this.#runtime, runtime, (signal) => this.#watchRuntime(signal)),
      this.#keep(this.#infrastructure, infrastructure, (signal) => this.#watchInfrastructure(client, signal)),
    ]);
  }

  async #keep(work: Work | undefined, isWanted: boolean, act: (signal: AbortSignal) => Promise<void>): Promise<Work | undefined> {
    if (isWanted) return work ?? this.#begin(act);
    await work?.end();
    return undefined;
  }

  /** Begins again after a failure, with a pause; who waits meanwhile reaches his own bound. */
  #begin(act: (signal: AbortSignal) => Promise<void>): Work {
    const stop = new AbortController();
    const { signal } = stop;
    const loop = async (): Promise<void> => {
      while (!signal.aborted) {
        try {
          await act(signal);
        } catch (thrown) {
          if (signal.aborted) return;
          if (!isAbort(thrown)) this.#tell(thrown);
        }
        await this.#context.host.clock.sleep(PAUSE_MS, signal).catch(() => undefined);
      }
    };
    const done = loop();
    return {
      end: () => {
        stop.abort();
        return done;
      },
    };
  }

  #tell(thrown: unknown): void {
    for (const { code, message } of toErrorRecords(thrown)) this.#report({ type: 'finding', level: 'warning', code, message });
  }

  /** The last who came hears; nobody hears when all are gone. */
  readonly #report = (report: StepReport): void => [...this.#attendants].at(-1)?.report(report);

  get #timeoutMs(): number {
    return Math.max(...[...this.#attendants].map(({ timeoutMs }) => timeoutMs), PAUSE_MS);
  }

  async #watchRuntime(signal: AbortSignal): Promise<void> {
    const { way } = this.#place;
    if (way.kind !== 'folder') return;
    const { host, toolchainDir, connect } = this.#context;
    const runtime = await openRuntime(
      { host, timeoutMs: this.#timeoutMs, report: this.#report },
      { clusterDir: way.dir, toolchainDir, connect: (text) => connect({ text }) },
    );
    await runtime.watch(signal);
  }

  async #watchInfrastructure(client: KubeClient, signal: AbortSignal): Promise<void> {
    const { host, toolchainDir, stateDir } = this.#context;
    const options = { host, client, clustersDir: clustersDir(stateDir), toolchainDir, timeoutMs: this.#timeoutMs, report: this.#report };
    await createLocalInfrastructure(options).watch(signal);
  }
}

interface Work {
  readonly end: () => Promise<void>;
}

/** The one attendance of a cluster in this run. */
export function attendanceOf(place: Place, context: ProvisionerContext): Attendance {
  return context.shared(`attendance ${place.name}`, () => new Attendance(place, context));
}
