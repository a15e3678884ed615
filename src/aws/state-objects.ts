/** What OpenTofu's state files below a prefix still describe. */
import type { Aws } from './aws.ts';
import { type Bucket, createS3ObjectStore } from './s3.ts';

export interface UsedState {
  readonly key: string;
  readonly resources: number;
}

/** The first state that is not empty; one that cannot be read counts as not empty. */
export async function findUsedState(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: Bucket; readonly prefix: string },
  signal: AbortSignal,
): Promise<UsedState | undefined> {
  const store = createS3ObjectStore(aws, { bucket, prefix });
  const keys = (await store.list('', signal)).filter((key) => key.endsWith('.tfstate'));
  for (const key of keys) {
    const found = await store.get(key, signal);
    const resources = found ? countResources(found.body) : 0;
    if (resources > 0) return { key: prefix + key, resources };
  }
  return undefined;
}

/** Data sources are only copies of what others own. */
function countResources(body: Uint8Array): number {
  try {
    const { resources } = JSON.parse(Buffer.from(body).toString('utf8')) as { readonly resources?: readonly { readonly mode?: string }[] };
    return resources?.filter(({ mode }) => mode !== 'data').length ?? 1;
  } catch {
    return 1;
  }
}
