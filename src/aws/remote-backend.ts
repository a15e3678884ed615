/** The engine's lock and journal in the state bucket of a project. */
import type { RemoteBackend } from '../engine/remote/remote-state.ts';
import type { Aws } from './aws.ts';
import { bucketExists } from './bucket.ts';
import { createS3ObjectStore, type Bucket } from './s3.ts';
import { ENGINE_FOLDER } from './state-place.ts';

export interface S3BackendOptions {
  readonly bucket: Bucket;
  /** Of the project, ends in a slash. */
  readonly prefix: string;
}

/** @throws from `open`: SLW-AWS-001 to SLW-AWS-013 */
export function createS3Backend(aws: Aws, { bucket, prefix }: S3BackendOptions): RemoteBackend {
  const store = createS3ObjectStore(aws, { bucket, prefix: prefix + ENGINE_FOLDER });
  return {
    location: store.location,
    open: async (signal) => ((await bucketExists(aws, bucket, signal)) ? store : undefined),
  };
}
