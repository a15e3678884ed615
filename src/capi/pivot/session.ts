/** One call of the pivot: its options, its writes, its transaction. Phases take it and nothing else. */
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { KubeObject } from '../../kube/types.ts';
import { SLIPWAY_NAMESPACE } from '../words.ts';
import { textAt } from './fields.ts';
import type { PivotOptions, PivotPhase } from './options.ts';
import type { PivotNote } from './plan.ts';
import { isConflict, readTransaction, type Transaction, TRANSACTION_REF, transactionObject } from './transaction.ts';
import { type End, PivotWrites } from './writes.ts';

const DEFAULT_PARALLEL = 48;

export class Session {
  readonly options: PivotOptions;
  readonly writes: PivotWrites;
  readonly notes: PivotNote[] = [];
  readonly #holder: string;
  #transaction: Transaction | undefined;
  readonly #versions: Record<End, string | undefined> = { source: undefined, target: undefined };

  constructor(options: PivotOptions) {
    this.options = options;
    this.writes = new PivotWrites(options);
    this.#holder = options.host.random.uuid();
  }

  get holder(): string {
    return this.#holder;
  }

  get signal(): AbortSignal {
    return this.options.signal;
  }

  get pool(): { readonly parallel: number; readonly signal: AbortSignal } {
    return { parallel: this.options.parallel ?? DEFAULT_PARALLEL, signal: this.signal };
  }

  /** @throws RangeError before `adopt` or `begin` */
  get transaction(): Transaction {
    if (!this.#transaction) throw new RangeError('no transaction was begun');
    return this.#transaction;
  }

  get hasTransaction(): boolean {
    return this.#transaction !== undefined;
  }

  note(note: PivotNote): void {
    this.notes.push(note);
    this.options.report({ type: 'note', note });
  }

  /** Takes over what stands in the clusters. */
  adopt(transaction: Transaction, objects: Readonly<Record<End, KubeObject | undefined>>): void {
    this.#transaction = transaction;
    for (const end of ['source', 'target'] as const) this.#versions[end] = objects[end]?.metadata.resourceVersion;
  }

  /** Reports around the work of a phase; the phase is recorded first unless the work does it itself. */
  async phase<T>(phase: PivotPhase, work: () => Promise<T>): Promise<T> {
    const { report, host, journal } = this.options;
    const { runId } = this.transaction;
    const from = host.clock.monotonic();
    report({ type: 'phase', phase, state: 'started', runId });
    await journal?.record({ runId, phase, data: { state: 'started' } });
    const result = await work();
    report({ type: 'phase', phase, state: 'done', runId, ms: Math.round(host.clock.monotonic() - from) });
    await journal?.record({ runId, phase, data: { state: 'done' } });
    return result;
  }

  /** Changes the transaction, on the target first. @throws SLW-PIV-014 when another process wrote meanwhile */
  async save(change: Partial<Transaction>, purpose = 'record'): Promise<void> {
    const next: Transaction = { ...this.transaction, ...change, revision: this.transaction.revision + 1, holder: this.#holder };
    await this.#put('target', next, purpose);
    this.#transaction = next;
    await this.#mirror(next);
  }

  /** Makes the transaction in both clusters, the target first; `objects` are those of finished pivots, which it replaces. */
  async begin(transaction: Transaction, objects: Readonly<Record<End, KubeObject | undefined>>): Promise<void> {
    for (const end of ['source', 'target'] as const) this.#versions[end] = objects[end]?.metadata.resourceVersion;
    for (const end of ['target', 'source'] as const) await this.#ensureNamespace(end);
    await this.#put('target', transaction, 'begin');
    this.#transaction = transaction;
    await this.#put('source', transaction, 'mirror');
  }

  /** The last act of a rollback: nothing of the pivot is left. */
  async forget(): Promise<void> {
    for (const end of ['target', 'source'] as const) {
      const { client } = this.options[end];
      const stored = await readTransaction(client, this.signal);
      if (stored?.transaction.runId === this.transaction.runId) await this.writes.delete(end, stored.object, 'forget');
    }
  }

  /** A source that is gone after COMMIT does not matter any more. */
  async #mirror(transaction: Transaction): Promise<void> {
    try {
      await this.#put('source', transaction, 'mirror');
    } catch (error) {
      if (transaction.stage === 'preparing' || !isSlipwayError(error) || error.exit !== 69) throw error;
      this.note({ reason: 'source-unreachable', message: `the record on the source could not be written: ${error.message}` });
    }
  }

  async #ensureNamespace(end: End): Promise<void> {
    const { client } = this.options[end];
    const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: SLIPWAY_NAMESPACE } };
    if (await client.get({ apiVersion: 'v1', kind: 'Namespace', name: SLIPWAY_NAMESPACE }, this.signal)) return;
    await this.writes.create(end, namespace, 'make namespace').catch((error: unknown) => {
      if (!isConflict(error)) throw error;
    });
  }

  async #put(end: End, transaction: Transaction, purpose: string): Promise<void> {
    const version = this.#versions[end];
    const object = transactionObject(transaction, end, version);
    const write = (): Promise<KubeObject> =>
      version === undefined ? this.writes.create(end, object, purpose) : this.writes.update(end, object, purpose);
    const written = await write().catch((error: unknown) => this.#settle(end, transaction, error));
    this.#versions[end] = written.metadata.resourceVersion;
  }

  /** The reply may have been lost though the write arrived; then it stands there word for word. */
  async #settle(end: End, transaction: Transaction, error: unknown): Promise<KubeObject> {
    if (!isConflict(error) && !(isSlipwayError(error) && error.exit === 69)) throw error;
    const { client } = this.options[end];
    const found = await this.writes.retrying(() => client.get(TRANSACTION_REF, this.signal));
    const stands = found && textAt(found, 'data', 'transaction') === JSON.stringify(transaction);
    if (found && stands) return found;
    if (!isConflict(error)) throw error;
    throw new SlipwayError(
      'SLW-PIV-014',
      `the transaction of run ${transaction.runId} on ${client.server} was written by another process`,
      {
        object: `ConfigMap/${SLIPWAY_NAMESPACE}/slipway-pivot`,
        cause: error,
      },
    );
  }
}
