/**
 * Where a VPN's identity lives: named objects with conditional writes, under one prefix of a private bucket. Knows no cloud: whoever
 * builds one decides where it lies and which objects are encrypted with which key (layout.ts says who may read what).
 */

export interface StoredObject {
  readonly body: Uint8Array;
  /** Opaque version of these very bytes, for `ifMatch`. */
  readonly etag: string;
}

export interface PutOptions {
  readonly signal: AbortSignal;
  /** Only over exactly this version. */
  readonly ifMatch?: string;
  /** Only where nothing is yet. */
  readonly ifNoneMatch?: '*';
}

/** Keys are relative to `location`, with `/` between parts. Whatever fails but "not there" and "condition not met" throws. */
export interface ObjectStore {
  /** For people: `s3://bucket/prefix`. */
  readonly location: string;
  get(key: string, signal: AbortSignal): Promise<StoredObject | undefined>;
  /** The new etag; undefined when the condition does not hold, and then nothing was written. */
  put(key: string, body: Uint8Array, options: PutOptions): Promise<string | undefined>;
  /** All keys that begin so, in byte order. */
  list(prefix: string, signal: AbortSignal): Promise<readonly string[]>;
  /** A missing object is no error. */
  delete(key: string, signal: AbortSignal): Promise<void>;
}
