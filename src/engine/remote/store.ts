/**
 * What the engine keeps beside a remote state, so that people on several machines work as one: a lock, and the journal as immutable
 * objects. Knows no cloud: a store is a few named objects with conditional writes.
 */

export interface RemoteObject {
  readonly body: Uint8Array;
  /** Opaque version of these very bytes. */
  readonly etag: string;
}

export interface RemotePut {
  readonly signal: AbortSignal;
  /** Only over exactly this version. */
  readonly ifMatch?: string;
  /** Only where nothing is yet. */
  readonly ifNoneMatch?: '*';
}

/** Keys are relative to `location`, with `/` between parts. Reads see every write that was answered before them (S3 promises it). Whatever fails but "not there" and "condition not met" throws. */
export interface RemoteStore {
  /** For people: `s3://bucket/prefix`. */
  readonly location: string;
  get(key: string, signal: AbortSignal): Promise<RemoteObject | undefined>;
  /** The new etag; undefined when the condition did not hold; also when our own earlier attempt succeeded and its answer was lost. */
  put(key: string, body: Uint8Array, options: RemotePut): Promise<string | undefined>;
  /** All keys that begin so, in byte order. */
  list(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
}

/** One that also forgets. */
export interface ObjectStore extends RemoteStore {
  /** A missing object is no error. */
  delete(key: string, signal: AbortSignal): Promise<void>;
}
