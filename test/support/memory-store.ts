/** A bucket in memory with S3's promises: reads see every write, conditions are checked at the instant of the write. */
import type { RemoteObject, RemotePut, RemoteStore } from '../../src/engine/remote/store.ts';

export class MemoryStore implements RemoteStore {
  readonly location = 's3://bucket/demo';
  readonly objects = new Map<string, RemoteObject>();
  /** Called before each write; may throw, before or (with `late`) after the write happened. */
  onPut: (key: string) => 'lost' | undefined = () => undefined;
  #version = 0;

  async get(key: string, signal: AbortSignal): Promise<RemoteObject | undefined> {
    signal.throwIfAborted();
    await Promise.resolve();
    return this.objects.get(key);
  }

  async put(key: string, body: Uint8Array, { signal, ifMatch, ifNoneMatch }: RemotePut): Promise<string | undefined> {
    signal.throwIfAborted();
    await Promise.resolve();
    const fate = this.onPut(key);
    const found = this.objects.get(key);
    if (ifNoneMatch !== undefined && found) return undefined;
    if (ifMatch !== undefined && found?.etag !== ifMatch) return undefined;
    const etag = `"${++this.#version}"`;
    this.objects.set(key, { body: Uint8Array.from(body), etag });
    return fate === 'lost'
      ? this.put(key, body, { signal, ...(ifMatch !== undefined && { ifMatch }), ...(ifNoneMatch !== undefined && { ifNoneMatch }) })
      : etag;
  }

  async list(prefix: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted();
    await Promise.resolve();
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}
