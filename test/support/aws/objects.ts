/** Objects of all buckets with their versions. Knows no protocol; whether a bucket exists is the caller's business. */
import { createHash } from 'node:crypto';

export interface ObjectVersion {
  readonly versionId: string;
  readonly deleteMarker: boolean;
  /** Base64. */
  readonly body: string;
  /** Without quotes. */
  readonly etag: string;
  readonly modified: string;
  /** Content type, encryption, own metadata: lower-case header names. */
  readonly headers: Readonly<Record<string, string>>;
}

type Dump = readonly (readonly [string, readonly (readonly [string, readonly ObjectVersion[]])[]])[];

export interface PutOptions {
  readonly versioned: boolean;
  readonly versionId: string;
  readonly headers: Readonly<Record<string, string>>;
}

export class ObjectStore {
  /** Bucket → key → versions, the newest last. */
  readonly #buckets = new Map<string, Map<string, ObjectVersion[]>>();

  load(dump: Dump): void {
    for (const [bucket, keys] of dump) this.#buckets.set(bucket, new Map(keys.map(([key, versions]) => [key, [...versions]])));
  }

  dump(): Dump {
    return [...this.#buckets].map(([bucket, keys]) => [bucket, [...keys]] as const);
  }

  #keys(bucket: string): Map<string, ObjectVersion[]> {
    const keys = this.#buckets.get(bucket) ?? new Map<string, ObjectVersion[]>();
    this.#buckets.set(bucket, keys);
    return keys;
  }

  put(bucket: string, key: string, body: Buffer, options: PutOptions): ObjectVersion {
    const etag = createHash('md5').update(body).digest('hex');
    const common = {
      deleteMarker: false,
      body: body.toString('base64'),
      etag,
      headers: options.headers,
      modified: new Date().toISOString(),
    };
    return this.#push(bucket, key, { ...common, versionId: options.versioned ? options.versionId : 'null' });
  }

  #push(bucket: string, key: string, version: ObjectVersion): ObjectVersion {
    const kept = (this.#keys(bucket).get(key) ?? []).filter((old) => old.versionId !== version.versionId);
    this.#keys(bucket).set(key, [...kept, version]);
    return version;
  }

  /** The newest that is no delete marker, or the version asked for. */
  get(bucket: string, key: string, versionId?: string): ObjectVersion | undefined {
    const versions = this.#buckets.get(bucket)?.get(key) ?? [];
    if (versionId !== undefined) return versions.find((version) => version.versionId === versionId);
    const newest = versions.at(-1);
    return newest?.deleteMarker === true ? undefined : newest;
  }

  /** One version for good; without a version a marker in versioned buckets, else the object. */
  remove(bucket: string, key: string, how: { readonly versionId?: string | undefined; readonly marker?: string | undefined }): void {
    const keys = this.#keys(bucket);
    if (how.versionId === undefined && how.marker !== undefined) {
      this.#push(bucket, key, {
        versionId: how.marker,
        deleteMarker: true,
        body: '',
        etag: '',
        headers: {},
        modified: new Date().toISOString(),
      });
      return;
    }
    const kept = (keys.get(key) ?? []).filter((version) => how.versionId !== undefined && version.versionId !== how.versionId);
    if (kept.length > 0) keys.set(key, kept);
    else keys.delete(key);
  }

  /** Keys with a current version, sorted. */
  list(bucket: string): readonly (readonly [string, ObjectVersion])[] {
    return this.versions(bucket).flatMap(([key]) => {
      const current = this.get(bucket, key);
      return current ? [[key, current] as const] : [];
    });
  }

  /** Keys in byte order with all versions, the newest last. */
  versions(bucket: string): readonly (readonly [string, readonly ObjectVersion[]])[] {
    return [...(this.#buckets.get(bucket) ?? [])].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  }

  forget(bucket: string): void {
    this.#buckets.delete(bucket);
  }
}
