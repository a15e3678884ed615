import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlipwayError } from '../core/errors.ts';
import { createNodeHost } from '../host/node.ts';
import type { Host } from '../host/host.ts';
import { WatchedState } from '../../test/support/watched-state.ts';
import type { TransportResponse } from './transport.ts';
import type { KubeObject, ListResult } from './types.ts';
import { watchCollection, type WatchSource } from './watch.ts';

/** The real host with a clock whose sleeps end at once. */
function impatientHost(): Host {
  const host = createNodeHost();
  const sleep = async (_ms: number, signal?: AbortSignal): Promise<void> => {
    await turn();
    signal?.throwIfAborted();
  };
  return { ...host, clock: { ...host.clock, sleep } };
}

interface Logged {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: KubeObject;
}

/** What an API server does with one collection: versions, a log that can be compacted, streams that can break. */
class Collection implements WatchSource {
  readonly host = impatientHost();
  readonly objects = new Map<string, KubeObject>();
  #version = 1;
  #compacted = 0;
  #log: Logged[] = [];
  #streams = new Set<PassThrough>();
  #failures: SlipwayError[] = [];
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Until somebody follows. */
  async followed(): Promise<void> {
    while (this.#streams.size === 0) await turn();
  }

  async list(): Promise<ListResult> {
    await turn();
    this.#failOnce();
    return { items: [...this.objects.values()], resourceVersion: String(this.#version) };
  }

  async open(parameters: Readonly<Record<string, string>>): Promise<TransportResponse> {
    await turn();
    this.#signal.throwIfAborted();
    this.#failOnce();
    const from = Number(parameters['resourceVersion']);
    const body = new PassThrough();
    this.#signal.addEventListener('abort', () => body.destroy(), { once: true });
    if (from < this.#compacted && from % 2 === 0) throw new SlipwayError('SLW-KUB-008', 'too old resource version');
    if (from < this.#compacted)
      body.end(`${JSON.stringify({ type: 'ERROR', object: { kind: 'Status', code: 410, message: 'too old' } })}\n`);
    else this.#follow(body, from);
    return { status: 200, headers: {}, body };
  }

  put(name: string): void {
    const type = this.objects.has(name) ? 'MODIFIED' : 'ADDED';
    this.#record(type, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace: 'n', resourceVersion: String(++this.#version) },
    });
  }

  remove(name: string): void {
    const object = this.objects.get(name);
    if (object) this.#record('DELETED', { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#version) } });
  }

  compact(): void {
    this.#compacted = this.#version;
    this.#log = [];
  }

  bookmark(): void {
    const line = JSON.stringify({ type: 'BOOKMARK', object: { kind: 'ConfigMap', metadata: { resourceVersion: String(this.#version) } } });
    for (const stream of this.#streams) stream.write(`${line}\n`);
  }

  end(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  break(): void {
    for (const stream of this.#streams) stream.destroy(new Error('connection reset'));
    this.#streams.clear();
  }

  cut(): void {
    for (const stream of this.#streams) stream.end('{"type":"ADDED","object":{"metada');
    this.#streams.clear();
  }

  failNext(error: SlipwayError): void {
    this.#failures.push(error);
  }

  #failOnce(): void {
    const failure = this.#failures.shift();
    if (failure) throw failure;
  }

  #follow(body: PassThrough, from: number): void {
    for (const entry of this.#log) if (entry.version > from) body.write(lineOf(entry));
    this.#streams.add(body);
  }

  #record(type: Logged['type'], object: KubeObject): void {
    const entry = { version: this.#version, type, object };
    if (type === 'DELETED') this.objects.delete(object.metadata.name);
    else this.objects.set(object.metadata.name, object);
    this.#log.push(entry);
    for (const stream of this.#streams) stream.write(lineOf(entry));
  }
}

function lineOf({ type, object }: Logged): string {
  return `${JSON.stringify({ type, object })}\n`;
}

const unreachable = (): SlipwayError => new SlipwayError('SLW-KUB-001', 'connection refused');
const names = fc.constantFrom('a', 'b', 'c', 'd');
const act = fc.oneof(
  { weight: 4, arbitrary: names.map((name) => (collection: Collection) => collection.put(name)) },
  { weight: 2, arbitrary: names.map((name) => (collection: Collection) => collection.remove(name)) },
  fc.constantFrom<(collection: Collection) => void>(
    (collection) => collection.compact(),
    (collection) => collection.bookmark(),
    (collection) => collection.end(),
    (collection) => collection.break(),
    (collection) => collection.cut(),
    (collection) => collection.failNext(unreachable()),
  ),
);

function versions(objects: Iterable<KubeObject>): readonly string[] {
  return [...objects].map((object) => `${object.metadata.name}@${object.metadata.resourceVersion}`).sort();
}

describe('watchCollection', () => {
  it('leads to the state of the server whatever happens to lists, streams and history', async () => {
    const steps = fc.array(fc.record({ act, turns: fc.nat({ max: 6 }) }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const stop = new AbortController();
        const collection = new Collection(stop.signal);
        const state = new WatchedState();
        const following = state.follow(watchCollection(collection, stop.signal));
        for (const step of script) {
          step.act(collection);
          for (let index = 0; index < step.turns; index++) await turn();
        }
        collection.put('end');
        await state.until(() => state.objects.has('n/end'));
        stop.abort();
        await following;
        expect(versions(state.objects.values())).toEqual(versions(collection.objects.values()));
      }),
      { numRuns: 200 },
    );
  }, 60_000);

  it('says that it is disconnected before it lists anew', async () => {
    const stop = new AbortController();
    const collection = new Collection(stop.signal);
    const state = new WatchedState();
    const following = state.follow(watchCollection(collection, stop.signal));
    await collection.followed();
    collection.failNext(unreachable());
    collection.break();
    await state.until(() => state.types.filter((type) => type === 'synced').length === 2);
    expect(state.types).toEqual(['synced', 'disconnected', 'disconnected', 'synced']);
    stop.abort();
    await following;
  });

  it('throws what waiting cannot heal, but outlives it for a moment once it has worked', async () => {
    const forbidden = (): SlipwayError => new SlipwayError('SLW-KUB-005', 'forbidden');
    const first = new Collection(new AbortController().signal);
    first.failNext(forbidden());
    await expect(new WatchedState().follow(watchCollection(first, new AbortController().signal))).rejects.toThrow('forbidden');

    const stop = new AbortController();
    const second = new Collection(stop.signal);
    const state = new WatchedState();
    const following = state.follow(watchCollection(second, stop.signal));
    await second.followed();
    for (let index = 0; index < 3; index++) second.failNext(forbidden());
    second.break();
    await state.until(() => state.types.lastIndexOf('synced') > 0);
    await second.followed();
    for (let index = 0; index < 20; index++) second.failNext(forbidden());
    second.break();
    await expect(following).rejects.toThrow('forbidden');
  });
});
