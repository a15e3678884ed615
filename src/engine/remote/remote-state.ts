/**
 * The journal of a project whose state is remote: a row counts once it is durable here and there, and `append` resolves only then, so
 * that nothing is done which the next machine would not know of. Before the store exists (its bucket is made by the run itself) and after it was
 * removed, the local journal alone counts.
 */
import type { Host } from '../../host/host.ts';
import type { Journal, JournalWriter } from '../journal/journal.ts';
import type { JournalEntry, JournalRow } from '../journal/row.ts';
import { acquireRemoteLock, type Place, type RemoteLock, type RemoteOwner } from './lock.ts';
import { writeSegment, writeSnapshot } from './segments.ts';
import type { RemoteStore } from './store.ts';
import { acknowledge, syncJournal, type SyncResult } from './sync.ts';

export interface RemoteBackend {
  /** For people: `s3://bucket/prefix`. */
  readonly location: string;
  /** Undefined while there is no such bucket. */
  open(signal: AbortSignal): Promise<RemoteStore | undefined>;
}

export interface RemoteStateOptions {
  /** Open for writing, under the kernel lock of its folder. The caller closes it after this. */
  readonly journal: Journal;
  /** Real path of the state folder. */
  readonly dir: string;
  readonly backend: RemoteBackend;
  readonly verb: string;
  readonly signal: AbortSignal;
}

export interface Attached {
  /** Absent: the store does not exist yet. */
  readonly sync?: SyncResult;
  readonly takenOverFrom?: RemoteOwner;
}

const PLACE_ID = 'place.id';
/** An upload that takes longer than this, retries included, has failed. */
const UPLOAD_BOUND_MS = 5 * 60_000;
const RELEASE_BOUND_MS = 30_000;
/** A new machine reads at most about so many objects. */
const SEGMENTS_PER_SNAPSHOT = 200;

export class RemoteState implements JournalWriter {
  readonly #host: Host;
  readonly #options: RemoteStateOptions;
  #store: RemoteStore | undefined;
  #lock: RemoteLock | undefined;
  #queue: JournalRow[] = [];
  #uploading: Promise<void> | undefined;
  #failure: unknown;
  /** Number of the last row that is remote, of those appended here. */
  #sent = 0;
  #segments = 0;

  constructor(host: Host, options: RemoteStateOptions) {
    this.#host = host;
    this.#options = options;
  }

  /**
   * Takes the lock and makes both journals the same, if the store exists; called at the start of a run, and again once the run has made the
   * store. Safe to call again. @throws SLW-RST-001 and SLW-RST-003 to SLW-RST-006
   */
  async activate(): Promise<Attached> {
    const { backend, journal, verb, signal } = this.#options;
    if (this.#store) return {};
    const store = await backend.open(signal);
    if (!store) return {};
    const place = this.#place();
    const lock = await acquireRemoteLock(this.#host, store, { place, verb, signal });
    this.#lock = lock;
    try {
      const sync = await syncJournal(store, journal, { place, signal });
      const since = sync.inventory.snapshots.at(-1) ?? 0;
      this.#segments = sync.inventory.segments.filter((first) => first > since).length;
      this.#store = store;
      return { sync, ...(lock.takenOverFrom && { takenOverFrom: lock.takenOverFrom }) };
    } catch (thrown) {
      await this.#release();
      throw thrown;
    }
  }

  /** Local first: its numbers and hashes are what is uploaded. @throws SLW-RST-003, and what the store throws; every later call does then */
  async append(entries: readonly JournalEntry[]): Promise<readonly JournalRow[]> {
    if (this.#failure !== undefined) throw this.#failure;
    const rows = await this.#options.journal.append(entries);
    if (this.#store === undefined) return rows;
    this.#queue.push(...rows);
    await this.#sentUpTo(rows.at(-1)?.seq ?? 0);
    return rows;
  }

  /** Before the store is taken away: what follows counts locally. Safe to call again. */
  async quiesce(): Promise<void> {
    await this.#drain();
    this.#store = undefined;
    await this.#release();
  }

  /** Uploads what is left and gives the lock back; never throws, because the run is over: the next one uploads what did not get there. */
  async close(): Promise<void> {
    await this.#drain().catch(() => undefined);
    await this.#snapshot().catch(() => undefined);
    this.#store = undefined;
    await this.#release().catch(() => undefined);
  }

  #place(): Place {
    const { journal, dir } = this.#options;
    const id = journal.meta(PLACE_ID) ?? this.#host.random.uuid();
    journal.setMeta({ [PLACE_ID]: id });
    return { id, dir };
  }

  #drain(): Promise<void> {
    return this.#sentUpTo(this.#queue.at(-1)?.seq ?? 0);
  }

  /** One upload at a time; what comes meanwhile goes together with the next. */
  async #sentUpTo(seq: number): Promise<void> {
    while (this.#sent < seq) {
      if (this.#failure !== undefined) throw this.#failure;
      this.#uploading ??= this.#upload().finally(() => (this.#uploading = undefined));
      await this.#uploading;
    }
  }

  async #upload(): Promise<void> {
    const rows = this.#queue;
    this.#queue = [];
    const [store, last] = [this.#store, rows.at(-1)];
    if (!last) return;
    try {
      if (store) await writeSegment(store, rows, this.#host.clock.timeout(UPLOAD_BOUND_MS));
      this.#sent = last.seq;
      acknowledge(this.#options.journal, last.seq);
      this.#segments += 1;
    } catch (thrown) {
      this.#failure = thrown;
      throw thrown;
    }
  }

  async #snapshot(): Promise<void> {
    if (!this.#store || this.#failure !== undefined || this.#segments < SEGMENTS_PER_SNAPSHOT) return;
    await writeSnapshot(this.#store, [...this.#options.journal.read()], this.#host.clock.timeout(UPLOAD_BOUND_MS));
  }

  async #release(): Promise<void> {
    const lock = this.#lock;
    this.#lock = undefined;
    await lock?.release(this.#host.clock.timeout(RELEASE_BOUND_MS));
  }
}
