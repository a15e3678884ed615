/** S3's REST API: buckets with their settings. Objects stand in api-s3-objects.ts. Source: Amazon S3 API reference, 2006-03-01. */
import { type ApiCall, unanswered, xml } from './api-answer.ts';
import { answerObject, deleteMany, listObjects, listVersions } from './api-s3-objects.ts';
import { AwsFailure } from './failure.ts';
import type { Wire } from './provider-wire.ts';
import type { ApiRequest, HttpAnswer } from './server.ts';
import { type Attributes, blockOf, type Resource, tagsOf, text, valuesAt } from './store.ts';
import { element } from './xml.ts';

interface Setting {
  /** As IAM spells it: Get…, Put…. */
  readonly noun: string;
  /** What is answered where it was never set; absent: an empty document of this root. */
  readonly unset?: readonly [code: string, message: string];
  readonly root?: string;
  /** The provider's resource for the same setting. */
  readonly type?: string;
}

const SETTINGS: Readonly<Record<string, Setting>> = {
  versioning: { noun: 'BucketVersioning', root: 'VersioningConfiguration', type: 'aws_s3_bucket_versioning' },
  encryption: {
    noun: 'EncryptionConfiguration',
    unset: ['ServerSideEncryptionConfigurationNotFoundError', 'The server side encryption configuration was not found'],
    type: 'aws_s3_bucket_server_side_encryption_configuration',
  },
  publicAccessBlock: {
    noun: 'BucketPublicAccessBlock',
    unset: ['NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found'],
    type: 'aws_s3_bucket_public_access_block',
  },
  ownershipControls: {
    noun: 'BucketOwnershipControls',
    unset: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
  },
  policy: { noun: 'BucketPolicy', unset: ['NoSuchBucketPolicy', 'The bucket policy does not exist'], type: 'aws_s3_bucket_policy' },
  lifecycle: { noun: 'LifecycleConfiguration', unset: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'] },
  tagging: { noun: 'BucketTagging', unset: ['NoSuchTagSet', 'The TagSet does not exist'] },
  logging: { noun: 'BucketLogging', root: 'BucketLoggingStatus' },
  location: { noun: 'BucketLocation', root: 'LocationConstraint' },
  acl: { noun: 'BucketAcl', root: 'AccessControlPolicy' },
};

export interface S3Path {
  readonly bucket: string;
  readonly key: string;
}

/** Path style only: an address has no place for a bucket's name. */
export function s3Path({ url }: ApiRequest): S3Path {
  const [, bucket = '', ...rest] = url.pathname.split('/');
  return { bucket: decodeURIComponent(bucket), key: decodeURIComponent(rest.join('/')) };
}

const settingOf = ({ url }: ApiRequest): Setting | undefined => Object.entries(SETTINGS).find(([name]) => url.searchParams.has(name))?.[1];
const VERBS: Readonly<Record<string, string>> = { GET: 'Get', HEAD: 'Head', PUT: 'Put', POST: 'Post', DELETE: 'Delete' };

/** As CloudTrail calls it: `PutObject`, `ListObjectsV2`, `PutBucketVersioning`. */
export function nameS3Action(request: ApiRequest): string {
  const { bucket, key } = s3Path(request);
  const { method, url } = request;
  if (bucket === '') return 'ListBuckets';
  if (key !== '') return `${VERBS[method] ?? method}Object`;
  if (url.searchParams.has('versions')) return 'ListObjectVersions';
  if (url.searchParams.has('delete')) return 'DeleteObjects';
  const setting = settingOf(request);
  if (setting) return `${VERBS[method] ?? method}${setting.noun}`;
  return { GET: 'ListObjectsV2', HEAD: 'HeadBucket', PUT: 'CreateBucket', DELETE: 'DeleteBucket' }[method] ?? method;
}

/** The bucket as the caller may see it: somebody else's is refused, and one elsewhere is pointed at. */
function requireBucket(wire: Wire, call: ApiCall, name: string): Resource {
  const bucket = wire.account.get('aws_s3_bucket', name);
  const missing = { HEAD: ['NotFound', ''] }[call.request.method] ?? ['NoSuchBucket', 'The specified bucket does not exist'];
  if (!bucket) throw new AwsFailure(missing[0] ?? '', missing[1] ?? '', 404);
  const owner = text(bucket.attributes['owner_id']) || wire.account.store.accountId;
  const expected = call.request.headers['x-amz-expected-bucket-owner'];
  if (owner !== wire.account.store.accountId || (expected !== undefined && expected !== owner))
    throw new AwsFailure('AccessDenied', 'Access Denied', 403);
  if (bucket.region !== call.region)
    throw new AwsFailure(
      'PermanentRedirect',
      `The bucket you are attempting to access must be addressed using the specified endpoint. Its region is ${bucket.region}.`,
      301,
    );
  return bucket;
}

function createBucket(wire: Wire, call: ApiCall, name: string): HttpAnswer {
  const there = wire.account.get('aws_s3_bucket', name);
  const foreign =
    there !== undefined && text(there.attributes['owner_id']) !== '' && there.attributes['owner_id'] !== wire.account.store.accountId;
  if (foreign) throw new AwsFailure('BucketAlreadyExists', 'The requested bucket name is not available.', 409);
  if (there)
    throw new AwsFailure(
      'BucketAlreadyOwnedByYou',
      'Your previous request to create the named bucket succeeded and you already own it.',
      409,
    );
  const wanted = /<LocationConstraint[^>]*>([^<]+)</.exec(call.request.body.toString())?.[1] ?? 'us-east-1';
  if (wanted !== call.region)
    throw new AwsFailure(
      'IllegalLocationConstraintException',
      `The ${wanted} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  wire.account.create({ type: 'aws_s3_bucket', attributes: { bucket: name, tags_all: {} }, region: call.region, origin: 'api' });
  return { status: 200, headers: { location: `/${name}` } };
}

/** What the provider set, as the API words it. */
function fromProvider({ account }: Wire, bucket: string, setting: Setting): string | undefined {
  const attributes: Attributes | undefined = setting.type === undefined ? undefined : account.get(setting.type, bucket)?.attributes;
  if (attributes === undefined) return undefined;
  switch (setting.type) {
    case 'aws_s3_bucket_versioning':
      return element('VersioningConfiguration', { Status: text(blockOf(attributes, 'versioning_configuration')['status']) });
    case 'aws_s3_bucket_policy':
      return text(attributes['policy']);
    case 'aws_s3_bucket_public_access_block':
      return element('PublicAccessBlockConfiguration', {
        BlockPublicAcls: attributes['block_public_acls'] === true,
        IgnorePublicAcls: attributes['ignore_public_acls'] === true,
        BlockPublicPolicy: attributes['block_public_policy'] === true,
        RestrictPublicBuckets: attributes['restrict_public_buckets'] === true,
      });
    default: {
      const rule = 'rule.apply_server_side_encryption_by_default';
      const key = text(valuesAt(attributes, `${rule}.kms_master_key_id`)[0]);
      const inner = { SSEAlgorithm: text(valuesAt(attributes, `${rule}.sse_algorithm`)[0]), KMSMasterKeyID: key === '' ? undefined : key };
      return element('ServerSideEncryptionConfiguration', { Rule: { ApplyServerSideEncryptionByDefault: inner } });
    }
  }
}

type Settings = Record<string, string>;
const settingsOf = (bucket: Resource): Settings => (bucket.attributes['settings'] ?? {}) as Settings;

function readSetting(wire: Wire, call: ApiCall, { bucket, setting }: { readonly bucket: Resource; readonly setting: Setting }): HttpAnswer {
  if (setting.noun === 'BucketLocation') return xml('LocationConstraint', bucket.region);
  if (setting.noun === 'BucketTagging') {
    const tags = Object.entries(tagsOf(bucket)).map(([Key, Value]) => ({ Key, Value }));
    if (tags.length > 0) return xml('Tagging', { TagSet: { Tag: tags } });
  }
  const found = settingsOf(bucket)[setting.noun] ?? fromProvider(wire, bucket.id, setting);
  if (found !== undefined)
    return { status: 200, headers: { 'content-type': found.startsWith('{') ? 'application/json' : 'application/xml' }, body: found };
  if (setting.root !== undefined) return xml(setting.root, {});
  const [code, message] = setting.unset ?? ['NoSuchConfiguration', call.action];
  throw new AwsFailure(code, message, 404);
}

function writeSetting(call: ApiCall, bucket: Resource, setting: Setting): HttpAnswer {
  const body = call.request.body.toString();
  if (setting.noun === 'BucketTagging') {
    const pairs = [...body.matchAll(/<Key>([^<]*)<\/Key>\s*<Value>([^<]*)<\/Value>/g)].map(
      ([, key = '', value = '']) => [key, value] as const,
    );
    Object.assign(bucket.attributes, { tags_all: Object.fromEntries(pairs) });
  } else {
    Object.assign(bucket.attributes, { settings: { ...settingsOf(bucket), [setting.noun]: body } });
  }
  return { status: 200 };
}

function dropSetting(bucket: Resource, setting: Setting): HttpAnswer {
  const kept = Object.entries(settingsOf(bucket)).filter(([name]) => name !== setting.noun);
  Object.assign(bucket.attributes, { settings: Object.fromEntries(kept) }, setting.noun === 'BucketTagging' ? { tags_all: {} } : {});
  return { status: 204 };
}

function listBuckets({ account }: Wire): HttpAnswer {
  const own = account.store
    .list('aws_s3_bucket')
    .filter((one) => (text(one.attributes['owner_id']) || account.store.accountId) === account.store.accountId);
  return xml('ListAllMyBucketsResult', {
    Owner: { ID: account.store.accountId },
    Buckets: { Bucket: own.map((one) => ({ Name: one.id, CreationDate: '2026-01-01T00:00:00Z' })) },
  });
}

function answerSetting(
  wire: Wire,
  call: ApiCall,
  { bucket, setting }: { readonly bucket: Resource; readonly setting: Setting },
): HttpAnswer {
  if (call.request.method === 'GET') return readSetting(wire, call, { bucket, setting });
  if (call.request.method === 'PUT') return writeSetting(call, bucket, setting);
  return call.request.method === 'DELETE' ? dropSetting(bucket, setting) : unanswered(call);
}

export function answerS3(wire: Wire, call: ApiCall): HttpAnswer {
  const { bucket: name, key } = s3Path(call.request);
  if (name === '') return listBuckets(wire);
  if (call.action === 'CreateBucket') return createBucket(wire, call, name);
  const bucket = requireBucket(wire, call, name);
  if (key !== '') return answerObject(wire, call, { bucket, key });
  const setting = settingOf(call.request);
  if (setting) return answerSetting(wire, call, { bucket, setting });
  switch (call.action) {
    case 'ListObjectVersions':
      return listVersions(wire, call, bucket);
    case 'DeleteObjects':
      return deleteMany(wire, call, bucket);
    case 'ListObjectsV2':
      return listObjects(wire, call, bucket);
    case 'HeadBucket':
      return { status: 200, headers: { 'x-amz-bucket-region': bucket.region } };
    case 'DeleteBucket':
      wire.account.remove('aws_s3_bucket', bucket.id);
      return { status: 204 };
    default:
      return unanswered(call);
  }
}
