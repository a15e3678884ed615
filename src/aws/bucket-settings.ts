/** How a bucket that holds state has to be: versions kept, encrypted, nothing public, TLS alone, no ACLs. What it lacks, and making it so. */
import { canonicalJson, type Json } from '../core/digest.ts';
import type { Aws } from './aws.ts';
import { partitionOf } from './endpoints.ts';
import { awsCodeOf } from './failure.ts';
import { type Bucket, callBucket, checksum, childDocument } from './s3.ts';
import { escapeXml, listOf, textOf } from './xml.ts';

/** In words for a plan: `keeps no versions`. */
export type Shortcoming = string;

interface Setting {
  /** Subresource, as in `?versioning`. */
  readonly name: string;
  readonly read: string;
  readonly write: string;
  readonly lacks: Shortcoming;
  /** What S3 answers where it was never set. */
  readonly unset?: string;
  isFine(text: string, wanted: Wanted): boolean;
  body(wanted: Wanted, found: string | undefined): string;
}

interface Wanted {
  readonly bucket: Bucket;
  readonly partition: string;
  readonly kmsKeyArn: string | undefined;
}

const XMLNS = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"';
const PUBLIC_ACCESS = ['BlockPublicAcls', 'IgnorePublicAcls', 'BlockPublicPolicy', 'RestrictPublicBuckets'] as const;
/** Non-current versions are for accidents; a quarter of a year is enough to notice one. */
const KEEP_VERSIONS_DAYS = 90;

const SETTINGS: readonly Setting[] = [
  {
    ...{ name: 'publicAccessBlock', read: 'GetBucketPublicAccessBlock', write: 'PutBucketPublicAccessBlock' },
    ...{ lacks: 'does not block public access', unset: 'NoSuchPublicAccessBlockConfiguration' },
    isFine: (text) => PUBLIC_ACCESS.every((name) => text.includes(`<${name}>true</${name}>`)),
    body: () =>
      `<PublicAccessBlockConfiguration ${XMLNS}>${PUBLIC_ACCESS.map((name) => `<${name}>true</${name}>`).join('')}</PublicAccessBlockConfiguration>`,
  },
  {
    ...{ name: 'versioning', read: 'GetBucketVersioning', write: 'PutBucketVersioning', lacks: 'keeps no versions' },
    isFine: (text) => text.includes('<Status>Enabled</Status>'),
    body: () => `<VersioningConfiguration ${XMLNS}><Status>Enabled</Status></VersioningConfiguration>`,
  },
  {
    ...{ name: 'encryption', read: 'GetEncryptionConfiguration', write: 'PutEncryptionConfiguration' },
    ...{ lacks: 'is not encrypted as wanted', unset: 'ServerSideEncryptionConfigurationNotFoundError' },
    isFine: (text, { kmsKeyArn }) =>
      kmsKeyArn === undefined ? text.includes('<SSEAlgorithm>') : text.includes(`<KMSMasterKeyID>${kmsKeyArn}<`),
    body: ({ kmsKeyArn }) => {
      const key = kmsKeyArn === undefined ? '' : `<KMSMasterKeyID>${kmsKeyArn}</KMSMasterKeyID>`;
      const rule = `<ApplyServerSideEncryptionByDefault><SSEAlgorithm>${kmsKeyArn === undefined ? 'AES256' : 'aws:kms'}</SSEAlgorithm>${key}</ApplyServerSideEncryptionByDefault>`;
      return `<ServerSideEncryptionConfiguration ${XMLNS}><Rule>${rule}<BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>`;
    },
  },
  {
    ...{ name: 'ownershipControls', read: 'GetBucketOwnershipControls', write: 'PutBucketOwnershipControls' },
    ...{ lacks: 'lets other accounts own objects in it', unset: 'OwnershipControlsNotFoundError' },
    isFine: (text) => text.includes('<ObjectOwnership>BucketOwnerEnforced</ObjectOwnership>'),
    body: () => `<OwnershipControls ${XMLNS}><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>`,
  },
  {
    ...{
      name: 'policy',
      read: 'GetBucketPolicy',
      write: 'PutBucketPolicy',
      lacks: 'can be reached without TLS',
      unset: 'NoSuchBucketPolicy',
    },
    isFine: (text, wanted) => statementsOf(text).some((statement) => canonicalJson(statement) === canonicalJson(tlsOnly(wanted))),
    body: (wanted, found) => JSON.stringify(withStatement(found, tlsOnly(wanted))),
  },
  {
    ...{ name: 'lifecycle', read: 'GetLifecycleConfiguration', write: 'PutLifecycleConfiguration' },
    ...{ lacks: 'keeps old versions for ever', unset: 'NoSuchLifecycleConfiguration' },
    isFine: (text) => text.includes('<NoncurrentDays>'),
    body: () =>
      `<LifecycleConfiguration ${XMLNS}><Rule><ID>slipway-old-versions</ID><Filter><Prefix></Prefix></Filter><Status>Enabled</Status>` +
      `<NoncurrentVersionExpiration><NoncurrentDays>${KEEP_VERSIONS_DAYS}</NoncurrentDays></NoncurrentVersionExpiration>` +
      '<AbortIncompleteMultipartUpload><DaysAfterInitiation>7</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule></LifecycleConfiguration>',
  },
];

/** Denies even the owner: https://docs.aws.amazon.com/AmazonS3/latest/userguide/security-best-practices.html ("Enforce encryption of data in transit"). */
function tlsOnly({ bucket, partition }: Wanted): { readonly [key: string]: Json } {
  const arn = `arn:${partition}:s3:::${bucket.name}`;
  return {
    Sid: 'SlipwayTlsOnly',
    Effect: 'Deny',
    Principal: '*',
    Action: 's3:*',
    Resource: [arn, `${arn}/*`],
    Condition: { Bool: { 'aws:SecureTransport': 'false' } },
  };
}

function statementsOf(policy: string): readonly { readonly [key: string]: Json }[] {
  const { Statement: statements } = JSON.parse(policy) as { readonly Statement?: unknown };
  return (Array.isArray(statements) ? statements : statements === undefined ? [] : [statements]) as readonly {
    readonly [key: string]: Json;
  }[];
}

function withStatement(policy: string | undefined, statement: { readonly [key: string]: Json }): Json {
  const others = policy === undefined ? [] : statementsOf(policy).filter(({ Sid }) => Sid !== statement['Sid']);
  return { Version: '2012-10-17', Statement: [...others, statement] };
}

export interface SettingsOptions {
  readonly bucket: Bucket;
  /** Key that encrypts what is put; absent: any encryption is fine. */
  readonly kmsKeyArn?: string;
}

/** Empty: the bucket is as it should be. Reads only. */
export async function findShortcomings(aws: Aws, options: SettingsOptions, signal: AbortSignal): Promise<readonly Shortcoming[]> {
  const wanted = wantedOf(aws, options);
  const found = await Promise.all(
    SETTINGS.map(async (setting) => {
      const text = await readSetting(aws, { setting, bucket: wanted.bucket }, signal);
      return text !== undefined && setting.isFine(text, wanted) ? [] : [setting.lacks];
    }),
  );
  return found.flat();
}

/** Sets what is not as it should be, and nothing else. Safe to call again. */
export async function hardenBucket(aws: Aws, options: SettingsOptions, signal: AbortSignal): Promise<void> {
  const wanted = wantedOf(aws, options);
  const { bucket } = wanted;
  for (const setting of SETTINGS) {
    const text = await readSetting(aws, { setting, bucket }, signal);
    if (text !== undefined && setting.isFine(text, wanted)) continue;
    const body = Buffer.from(setting.body(wanted, text));
    await callBucket(
      aws,
      { bucket, action: setting.write, method: 'PUT', path: '/', query: { [setting.name]: '' }, body, headers: checksum(body) },
      signal,
    );
  }
}

function wantedOf(aws: Aws, { bucket, kmsKeyArn }: SettingsOptions): Wanted {
  return { bucket, kmsKeyArn, partition: partitionOf(aws.region).name };
}

async function readSetting(
  aws: Aws,
  { setting, bucket }: { readonly setting: Setting; readonly bucket: Bucket },
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const answer = await callBucket(aws, { bucket, action: setting.read, method: 'GET', path: '/', query: { [setting.name]: '' } }, signal);
    return Buffer.from(answer.body).toString('utf8');
  } catch (thrown) {
    if (setting.unset !== undefined && awsCodeOf(thrown) === setting.unset) return undefined;
    throw thrown;
  }
}

/** Marks of who made it. */
export async function readBucketTags(aws: Aws, bucket: Bucket, signal: AbortSignal): Promise<Readonly<Record<string, string>>> {
  try {
    const answer = await callBucket(aws, { bucket, action: 'GetBucketTagging', method: 'GET', path: '/', query: { tagging: '' } }, signal);
    const tags = listOf(childDocument(answer), 'TagSet', 'Tag');
    return Object.fromEntries(tags.map((tag) => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? '']));
  } catch (thrown) {
    if (awsCodeOf(thrown) === 'NoSuchTagSet') return {};
    throw thrown;
  }
}

export async function writeBucketTags(
  aws: Aws,
  { bucket, tags }: { readonly bucket: Bucket; readonly tags: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<void> {
  const set = Object.entries(tags).map(([key, value]) => `<Tag><Key>${escapeXml(key)}</Key><Value>${escapeXml(value)}</Value></Tag>`);
  const body = Buffer.from(`<Tagging ${XMLNS}><TagSet>${set.join('')}</TagSet></Tagging>`);
  await callBucket(
    aws,
    { bucket, action: 'PutBucketTagging', method: 'PUT', path: '/', query: { tagging: '' }, body, headers: checksum(body) },
    signal,
  );
}
