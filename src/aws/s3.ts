/**
 * Objects in one bucket: reads, conditional writes, lists, deletes. Every call says which account it expects as the owner, so that a
 * bucket of someone else is never read or written (https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html).
 */
import { createHash } from 'node:crypto';
import { SlipwayError } from '../core/errors.ts';
import type { ObjectStore, RemoteObject, RemotePut } from '../engine/remote/store.ts';
import type { Aws } from './aws.ts';
import type { AwsAnswer, AwsCall } from './call.ts';
import { awsCodeOf } from './failure.ts';
import { listOf, parseXml, textOf, type XmlNode } from './xml.ts';

export interface Bucket {
  readonly name: string;
  /** Account that must own it (12 digits); calls fail with SLW-AWS-005 otherwise. */
  readonly owner: string;
}

export interface S3StoreOptions {
  readonly bucket: Bucket;
  /** Empty, or ends in a slash; keys are given without it. */
  readonly prefix?: string;
  /** Encrypts what is put with this key instead of the bucket's default. */
  readonly kmsKeyId?: string;
}

/** @throws from every call: SLW-AWS-001 to SLW-AWS-011, SLW-AWS-013 */
export function createS3ObjectStore(aws: Aws, { bucket, prefix = '', kmsKeyId }: S3StoreOptions): ObjectStore {
  const encryption = kmsKeyId === undefined ? {} : { [SSE]: 'aws:kms', [`${SSE}-aws-kms-key-id`]: kmsKeyId };
  return {
    location: `s3://${bucket.name}/${prefix}`.replace(/\/$/, ''),
    get: (key, signal) => getObject(aws, { bucket, key: prefix + key }, signal),
    put: (key, body, { signal, ...condition }) => putObject(aws, { bucket, key: prefix + key, body, condition, encryption }, signal),
    list: async (under, signal) => (await listKeys(aws, { bucket, prefix: prefix + under }, signal)).map((key) => key.slice(prefix.length)),
    delete: async (key, signal) => {
      await callBucket(aws, { bucket, action: 'DeleteObject', method: 'DELETE', path: pathOf(prefix + key), object: prefix + key }, signal);
    },
  };
}

const SSE = 'x-amz-server-side-encryption';

interface ObjectName {
  readonly bucket: Bucket;
  readonly key: string;
}

async function getObject(aws: Aws, { bucket, key }: ObjectName, signal: AbortSignal): Promise<RemoteObject | undefined> {
  try {
    const answer = await callBucket(aws, { bucket, action: 'GetObject', method: 'GET', path: pathOf(key), object: key }, signal);
    return { body: answer.body, etag: answer.headers['etag'] ?? '' };
  } catch (thrown) {
    if (awsCodeOf(thrown) === 'NoSuchKey') return undefined;
    throw thrown;
  }
}

interface Put extends ObjectName {
  readonly body: Uint8Array;
  readonly condition: Omit<RemotePut, 'signal'>;
  readonly encryption: Readonly<Record<string, string>>;
}

/** What S3 says when the condition does not hold (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html). */
const CONDITION_FAILED: ReadonlySet<string | undefined> = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']);

async function putObject(aws: Aws, { bucket, key, body, condition, encryption }: Put, signal: AbortSignal): Promise<string | undefined> {
  const headers = {
    'content-type': 'application/octet-stream',
    ...checksum(body),
    ...encryption,
    ...(condition.ifMatch !== undefined && { 'if-match': condition.ifMatch }),
    ...(condition.ifNoneMatch !== undefined && { 'if-none-match': condition.ifNoneMatch }),
  };
  try {
    const answer = await callBucket(
      aws,
      { bucket, action: 'PutObject', method: 'PUT', path: pathOf(key), headers, body, object: key },
      signal,
    );
    return answer.headers['etag'] ?? '';
  } catch (thrown) {
    const conditional = condition.ifMatch !== undefined || condition.ifNoneMatch !== undefined;
    if (conditional && CONDITION_FAILED.has(awsCodeOf(thrown))) return undefined;
    throw thrown;
  }
}

export async function listKeys(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: Bucket; readonly prefix: string },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const keys: string[] = [];
  let token: string | undefined;
  do {
    const query = { 'list-type': '2', prefix, ...(token !== undefined && { 'continuation-token': token }) };
    const page = childDocument(await callBucket(aws, { bucket, action: 'ListBucket', method: 'GET', path: '/', query }, signal));
    keys.push(...listOf(page, 'Contents').flatMap((entry) => textOf(entry, 'Key') ?? []));
    token = textOf(page, 'IsTruncated') === 'true' ? textOf(page, 'NextContinuationToken') : undefined;
  } while (token !== undefined);
  return keys;
}

/** The root element of an answer in XML. */
export function childDocument(answer: AwsAnswer): XmlNode {
  const document = parseXml(Buffer.from(answer.body).toString('utf8'));
  if (typeof document === 'string') return document;
  return (Object.values(document)[0] ?? '') as XmlNode;
}

export interface BucketCall extends Omit<AwsCall, 'service' | 'hostLabel'> {
  readonly bucket: Bucket;
}

/** @throws SLW-AWS-013 for a bucket of another region */
export async function callBucket(aws: Aws, { bucket, ...call }: BucketCall, signal: AbortSignal): Promise<AwsAnswer> {
  const headers = { ...call.headers, 'x-amz-expected-bucket-owner': bucket.owner };
  const object = call.object === undefined ? bucket.name : `${bucket.name}/${call.object}`;
  try {
    return await aws.send({ ...call, headers, object, service: 's3', hostLabel: `${bucket.name}.s3` }, signal);
  } catch (thrown) {
    throw explainBucketFailure(thrown, { bucket, region: aws.region });
  }
}

const ELSEWHERE: ReadonlySet<string | undefined> = new Set([
  'PermanentRedirect',
  'AuthorizationHeaderMalformed',
  'IllegalLocationConstraintException',
  'HTTP301',
]);

function explainBucketFailure(thrown: unknown, { bucket, region }: { readonly bucket: Bucket; readonly region: string }): unknown {
  if (!ELSEWHERE.has(awsCodeOf(thrown))) return thrown;
  return new SlipwayError('SLW-AWS-013', `bucket ${bucket.name} is not in ${region}`, { cause: thrown, object: bucket.name });
}

/** Each segment encoded as RFC 3986 wants it for the signature; slashes stay. */
function pathOf(key: string): string {
  const encode = (segment: string): string =>
    encodeURIComponent(segment).replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  return `/${key.split('/').map(encode).join('/')}`;
}

/** S3 refuses what was damaged on its way; some calls want it. */
export function checksum(body: Uint8Array): { readonly 'content-md5': string } {
  return { 'content-md5': createHash('md5').update(body).digest('base64') };
}
