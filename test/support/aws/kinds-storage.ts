/** Buckets with their settings, objects, log groups, parameters. */
import { type Kind, type Kinds, nameOf, refuse, type World } from './kind.ts';
import { type Attributes, blockOf, type Resource, type Store, text } from './store.ts';

const s3 = (label: string, noun: string): Pick<Kind, 'service' | 'label' | 'actions'> => ({
  service: 'S3',
  label: `S3 ${label}`,
  actions: [`Put${noun}`, `Get${noun}`, `Put${noun}`, `Delete${noun}`],
});

/** A setting of a bucket: its id is the bucket's name, and it goes with the bucket. */
function setting(label: string, noun: string, computed: Attributes = {}): Kind {
  return {
    ...s3(label, noun),
    id: (_, attributes) => text(attributes['bucket']),
    refs: { bucket: 'aws_s3_bucket' },
    along: ['bucket'],
    computed: (_, attributes) => Object.fromEntries(Object.entries(computed).map(([name, value]) => [name, attributes[name] ?? value])),
    missingCode: 'NoSuchBucket',
  };
}

/** Set by the provider's resource or over the API. */
export function isVersioned(store: Store, bucket: string): boolean {
  const settings = (store.get('aws_s3_bucket', bucket)?.attributes['settings'] ?? {}) as Readonly<Record<string, string>>;
  if (settings['BucketVersioning'] !== undefined) return settings['BucketVersioning'].includes('<Status>Enabled</Status>');
  return blockOf(store.get('aws_s3_bucket_versioning', bucket)?.attributes ?? {}, 'versioning_configuration')['status'] === 'Enabled';
}

/** Text or base64 as the configuration gives it; a file's path is read by the provider, which the test bed does not do. */
function bodyOf(attributes: Attributes): Buffer {
  if (typeof attributes['content_base64'] === 'string') return Buffer.from(attributes['content_base64'], 'base64');
  if (typeof attributes['source'] === 'string' && attributes['source'] !== '')
    refuse('NotImplemented', 'the test bed takes content or content_base64 of an object, and no source');
  return Buffer.from(text(attributes['content']));
}

function upload(world: World, object: Resource): void {
  const [bucket, key] = [text(object.attributes['bucket']), text(object.attributes['key'])];
  const versioned = isVersioned(world.store, bucket);
  const headers = { 'content-type': text(object.attributes['content_type']) || 'application/octet-stream' };
  const version = world.store.objects.put(bucket, key, bodyOf(object.attributes), { versioned, versionId: world.store.hex(32), headers });
  Object.assign(object.attributes, { etag: version.etag, version_id: versioned ? version.versionId : '' });
}

export const STORAGE_KINDS: Kinds = {
  aws_s3_bucket: {
    ...s3('Bucket', 'Bucket'),
    actions: ['CreateBucket', 'HeadBucket', 'PutBucketTagging', 'DeleteBucket'],
    id: (world, attributes) => nameOf(world, attributes, 'bucket'),
    unique: ['BucketAlreadyOwnedByYou', 'bucket'],
    computed: (world, attributes, id) => ({
      bucket: id,
      bucket_prefix: attributes['bucket_prefix'] ?? '',
      arn: `arn:aws:s3:::${id}`,
      bucket_domain_name: `${id}.s3.amazonaws.com`,
      bucket_regional_domain_name: `${id}.s3.${world.region}.amazonaws.com`,
      bucket_region: world.region,
      hosted_zone_id: 'Z1BKCTXD74EZPE',
      object_lock_enabled: attributes['object_lock_enabled'] ?? false,
      request_payer: 'BucketOwner',
      acceleration_status: '',
      policy: '',
    }),
    held: (world, bucket) => {
      if (bucket.attributes['force_destroy'] === true) return undefined;
      return world.store.objects.versions(bucket.id).length > 0 ? 'The bucket you tried to delete is not empty' : undefined;
    },
    heldCode: 'BucketNotEmpty',
    gone: (world, bucket) => world.store.objects.forget(bucket.id),
    missingCode: 'NoSuchBucket',
    seconds: [2, 1, 1],
  },
  aws_s3_bucket_versioning: setting('Bucket Versioning', 'BucketVersioning'),
  aws_s3_bucket_server_side_encryption_configuration: setting('Bucket Encryption', 'BucketEncryption'),
  aws_s3_bucket_public_access_block: setting('Bucket Public Access Block', 'PublicAccessBlock'),
  aws_s3_bucket_policy: setting('Bucket Policy', 'BucketPolicy'),
  aws_s3_bucket_logging: setting('Bucket Logging', 'BucketLogging'),
  aws_s3_bucket_ownership_controls: setting('Bucket Ownership Controls', 'BucketOwnershipControls'),
  aws_s3_bucket_lifecycle_configuration: setting('Bucket Lifecycle', 'BucketLifecycleConfiguration', {
    transition_default_minimum_object_size: 'all_storage_classes_128K',
  }),
  aws_s3_object: {
    ...s3('Object', 'Object'),
    id: (_, attributes) => `${text(attributes['bucket'])}/${text(attributes['key'])}`,
    refs: { bucket: 'aws_s3_bucket' },
    along: ['bucket'],
    computed: (world, attributes, id) => ({
      arn: `arn:aws:s3:::${id}`,
      content_type: attributes['content_type'] ?? 'application/octet-stream',
      storage_class: attributes['storage_class'] ?? 'STANDARD',
      server_side_encryption: attributes['server_side_encryption'] ?? defaultEncryption(world, text(attributes['bucket'])),
      bucket_key_enabled: attributes['bucket_key_enabled'] ?? false,
    }),
    made: upload,
    changed: (world, object, before) => {
      if (
        JSON.stringify([before['content'], before['content_base64']]) !==
        JSON.stringify([object.attributes['content'], object.attributes['content_base64']])
      )
        upload(world, object);
    },
    // The provider takes all versions along.
    gone: (world, object) => {
      const [bucket, key] = [text(object.attributes['bucket']), text(object.attributes['key'])];
      world.store.objects.remove(bucket, key, {});
    },
    missingCode: 'NoSuchKey',
  },
  aws_cloudwatch_log_group: {
    service: 'CloudWatch Logs',
    label: 'CloudWatch Logs Log Group',
    actions: ['CreateLogGroup', 'DescribeLogGroups', 'PutRetentionPolicy', 'DeleteLogGroup'],
    id: (world, attributes) => nameOf(world, attributes),
    unique: ['ResourceAlreadyExistsException', 'name'],
    computed: (world, attributes, id) => ({
      name: id,
      name_prefix: attributes['name_prefix'] ?? '',
      arn: world.arn('logs', `log-group:${id}`),
      log_group_class: 'STANDARD',
      deletion_protection_enabled: attributes['deletion_protection_enabled'] ?? false,
    }),
    missingCode: 'ResourceNotFoundException',
  },
  aws_ssm_parameter: {
    service: 'SSM',
    label: 'SSM Parameter',
    actions: ['PutParameter', 'GetParameter', 'PutParameter', 'DeleteParameter'],
    id: (_, attributes) => text(attributes['name']),
    unique: ['ParameterAlreadyExists', 'name'],
    computed: (world, attributes, id) => ({
      arn: world.arn('ssm', `parameter/${id.replace(/^\//, '')}`),
      version: 1,
      tier: attributes['tier'] ?? 'Standard',
      data_type: 'text',
    }),
    changed: (_, one, before) => {
      Object.assign(one.attributes, { version: Number(before['version'] ?? 1) + 1 });
    },
    missingCode: 'ParameterNotFound',
  },
};

export function defaultEncryption(world: World, bucket: string): string {
  const rule = blockOf(world.store.get('aws_s3_bucket_server_side_encryption_configuration', bucket)?.attributes ?? {}, 'rule');
  return text(blockOf(rule, 'apply_server_side_encryption_by_default')['sse_algorithm']) || 'AES256';
}
