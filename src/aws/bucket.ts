/** A bucket as such: whether it is there and ours, making it, removing it. */
import { SlipwayError } from '../core/errors.ts';
import type { Aws } from './aws.ts';
import { awsCodeOf } from './failure.ts';
import { type Bucket, callBucket, childDocument } from './s3.ts';
import { listOf, textOf } from './xml.ts';

/** @throws SLW-AWS-012 when it belongs to another account, SLW-AWS-013 when it is elsewhere, SLW-AWS-005 */
export async function bucketExists(aws: Aws, bucket: Bucket, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await callBucket(aws, { bucket, action: 'ListBucket', method: 'HEAD', path: '/', accept: [404] }, signal);
    if (answer.status === 404) return false;
    requireRegion(answer.headers['x-amz-bucket-region'], { bucket, region: aws.region });
    return true;
  } catch (thrown) {
    throw awsCodeOf(thrown) === 'HTTP403' ? await explainForbidden(aws, { bucket, thrown }, signal) : thrown;
  }
}

function requireRegion(actual: string | undefined, { bucket, region }: { readonly bucket: Bucket; readonly region: string }): void {
  if (actual !== undefined && actual !== region)
    throw new SlipwayError('SLW-AWS-013', `bucket ${bucket.name} is in ${actual}, not in ${region}`, {
      object: bucket.name,
      data: { region: actual },
    });
}

/** HEAD answers 403 alike for a bucket of someone else and for a missing permission; a list of our own tells them apart, where it is permitted. */
async function explainForbidden(
  aws: Aws,
  { bucket, thrown }: { readonly bucket: Bucket; readonly thrown: unknown },
  signal: AbortSignal,
): Promise<unknown> {
  const own = await listOwnBuckets(aws, signal).catch(() => undefined);
  if (own?.includes(bucket.name) === true) return thrown;
  const doubt = own === undefined ? ', or s3:ListBucket is not permitted' : '';
  return new SlipwayError('SLW-AWS-012', `bucket ${bucket.name} is not one of account ${bucket.owner}${doubt}`, {
    cause: thrown,
    object: bucket.name,
  });
}

async function listOwnBuckets(aws: Aws, signal: AbortSignal): Promise<readonly string[]> {
  const answer = await aws.send({ service: 's3', action: 'ListAllMyBuckets', method: 'GET', path: '/' }, signal);
  return listOf(childDocument(answer), 'Buckets', 'Bucket').flatMap((entry) => textOf(entry, 'Name') ?? []);
}

/** Safe to call again while it is ours. @throws SLW-AWS-012 when the name is taken by someone else */
export async function createBucket(aws: Aws, bucket: Bucket, signal: AbortSignal): Promise<void> {
  const place =
    aws.region === 'us-east-1'
      ? ''
      : `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${aws.region}</LocationConstraint></CreateBucketConfiguration>`;
  const call = {
    service: 's3',
    hostLabel: `${bucket.name}.s3`,
    action: 'CreateBucket',
    method: 'PUT',
    path: '/',
    object: bucket.name,
  } as const;
  try {
    await aws.send({ ...call, body: Buffer.from(place), headers: { 'x-amz-object-ownership': 'BucketOwnerEnforced' } }, signal);
  } catch (thrown) {
    const code = awsCodeOf(thrown);
    if (code === 'BucketAlreadyOwnedByYou') return;
    if (code !== 'BucketAlreadyExists') throw thrown;
    throw new SlipwayError('SLW-AWS-012', `the name ${bucket.name} is taken by another account`, { cause: thrown, object: bucket.name });
  }
}

/** Must be empty. A missing one is no error. @throws SLW-AWS-019 when something is in it */
export async function deleteBucket(aws: Aws, bucket: Bucket, signal: AbortSignal): Promise<void> {
  try {
    await callBucket(aws, { bucket, action: 'DeleteBucket', method: 'DELETE', path: '/' }, signal);
  } catch (thrown) {
    const code = awsCodeOf(thrown);
    if (code === 'NoSuchBucket') return;
    if (code !== 'BucketNotEmpty') throw thrown;
    throw new SlipwayError('SLW-AWS-019', `someone wrote into bucket ${bucket.name} while it was being removed`, {
      cause: thrown,
      object: bucket.name,
    });
  }
}
