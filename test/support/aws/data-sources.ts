/** What the provider's data sources tell. Facts about instance types, zones and images are those of the account, not of AWS today. */
import type { Account } from './account.ts';
import { AwsFailure } from './failure.ts';
import { INSTANCE_TYPES } from './kinds-compute.ts';
import { ADDONS, KUBERNETES_VERSIONS } from './kinds-eks.ts';
import { ZONES } from './kinds-network.ts';
import { policyDocument } from './policy-document.ts';
import { type Attributes, type Resource, tagsOf, text, valuesAt } from './store.ts';

export interface DataAsk {
  readonly region: string;
  readonly config: Attributes;
  /** `default_tags` of the provider. */
  readonly provider: Attributes;
}

type Reader = (account: Account, ask: DataAsk) => Attributes;

const nothing = (what: string): never => {
  throw new AwsFailure('NotFound', `no matching ${what} found`, 400);
};

function zoneNames({ region, config }: DataAsk): readonly string[] {
  const excluded = valuesAt(config, 'exclude_names');
  return ZONES.map((letter) => `${region}${letter}`).filter((name) => !excluded.includes(name));
}

const zoneId = (region: string, index: number): string => `${region.replace(/^(..)-(.).*-(\d)$/, '$1$2$3')}-az${index + 1}`;

/** By id, name, tags and `filter` blocks, as far as the attributes have what is asked. */
function select(account: Account, type: string, { region, config }: DataAsk): readonly Resource[] {
  const filters = (config['filter'] ?? []) as readonly Attributes[];
  return account.listed().filter((one) => {
    if (one.type !== type || one.region !== region) return false;
    const plain = ['id', 'vpc_id', 'name', 'bucket', 'cidr_block', 'default'].every(
      (key) => !config[key] || one.attributes[key] === config[key],
    );
    const tagged = Object.entries((config['tags'] ?? {}) as Record<string, string>).every(([key, value]) => tagsOf(one)[key] === value);
    return plain && tagged && filters.every((filter) => passes(one, filter));
  });
}

function passes(one: Resource, filter: Attributes): boolean {
  const name = text(filter['name']);
  const values = valuesAt(filter, 'values').map(text);
  if (name.startsWith('tag:')) return values.includes(tagsOf(one)[name.slice(4)] ?? '');
  if (name === 'tag-key') return values.some((key) => key in tagsOf(one));
  const attribute = name.replaceAll('-', '_');
  const value = one.attributes[attribute === `${one.type.slice(4)}_id` ? 'id' : attribute];
  return values.includes(String(value));
}

const single =
  (type: string): Reader =>
  (account, ask) => {
    const found = select(account, type, ask);
    if (found.length > 1)
      throw new AwsFailure(
        'InvalidParameterValue',
        `multiple ${type} matched; use additional constraints to reduce matches to a single one`,
      );
    const [one] = found;
    return one ? { ...one.attributes, tags: tagsOf(one) } : nothing(type);
  };

const many =
  (type: string): Reader =>
  (account, ask) => ({ id: ask.region, ids: select(account, type, ask).map((one) => one.id) });

const byName =
  (type: string, attribute = 'name'): Reader =>
  (account, { config }) => {
    const one = account.get(type, text(config[attribute])) ?? account.store.find(type, attribute, config[attribute]);
    return one ? { ...one.attributes, tags: tagsOf(one) } : nothing(`${type} ${text(config[attribute])}`);
  };

const image = (name: string): Attributes => ({
  id: `ami-0${Buffer.from(name).toString('hex').slice(0, 16).padEnd(16, '0')}`,
  name,
  architecture: name.includes('arm64') ? 'arm64' : 'x86_64',
  owner_id: '099720109477',
  root_device_name: '/dev/sda1',
  root_device_type: 'ebs',
  state: 'available',
});

const READERS: Readonly<Record<string, Reader>> = {
  aws_partition: () => ({ id: 'aws', partition: 'aws', dns_suffix: 'amazonaws.com', reverse_dns_prefix: 'com.amazonaws' }),
  aws_region: (_, { region }) => ({ id: region, region, name: region, endpoint: `ec2.${region}.amazonaws.com`, description: region }),
  aws_caller_identity: ({ store }) => ({
    id: store.accountId,
    account_id: store.accountId,
    arn: `arn:aws:iam::${store.accountId}:user/tester`,
    user_id: 'AIDATESTER',
  }),
  aws_iam_session_context: (_, { config }) => ({
    id: config['arn'],
    issuer_arn: config['arn'],
    issuer_id: 'AIDATESTER',
    issuer_name: 'tester',
    session_name: '',
  }),
  aws_default_tags: (_, { provider }) => ({ id: 'default', tags: provider['default_tags'] ?? {} }),
  aws_service_principal: (_, { config, region }) => ({
    id: `${text(config['service_name'])}.${region}`,
    name: `${text(config['service_name'])}.amazonaws.com`,
    suffix: 'amazonaws.com',
  }),
  aws_availability_zones: (_, ask) => ({
    id: ask.region,
    names: zoneNames(ask),
    zone_ids: zoneNames(ask).map((_name, index) => zoneId(ask.region, index)),
    group_names: [ask.region],
  }),
  aws_availability_zone: (_, { region, config }) => {
    const index = ZONES.indexOf(text(config['name']).replace(region, ''));
    return index < 0
      ? nothing('availability zone')
      : { id: config['name'], name: config['name'], name_suffix: ZONES[index], zone_id: zoneId(region, index), region, state: 'available' };
  },
  aws_ami: (_, { config }) => {
    const wanted = [
      text(config['name_regex']),
      ...((config['filter'] ?? []) as readonly Attributes[])
        .filter((one) => one['name'] === 'name')
        .flatMap((one) => valuesAt(one, 'values').map(text)),
    ];
    const name = (wanted.find((one) => one !== '') ?? 'image').replaceAll(/[*^$]/g, '20260101');
    return name.includes('no-such') ? nothing('AMI') : image(name);
  },
  aws_ssm_parameter: (account, { config }) => {
    const name = text(config['name']);
    const own = account.get('aws_ssm_parameter', name);
    if (own) return { ...own.attributes, insecure_value: own.attributes['value'] };
    if (!name.startsWith('/aws/service/')) return nothing(`SSM Parameter ${name}`);
    const { id } = image(name.split('/').slice(-4).join('-'));
    return { id: name, name, type: 'String', value: id, insecure_value: id, version: 1, arn: `arn:aws:ssm:::parameter${name}` };
  },
  aws_iam_policy_document: (_, { config }) => policyDocument(config),
  aws_iam_role: byName('aws_iam_role'),
  aws_iam_policy: (account, ask) => byName('aws_iam_policy', ask.config['arn'] ? 'arn' : 'name')(account, ask),
  aws_kms_key: byName('aws_kms_key', 'key_id'),
  aws_kms_alias: byName('aws_kms_alias'),
  aws_s3_bucket: byName('aws_s3_bucket', 'bucket'),
  aws_s3_object: ({ store }, { config }) => {
    const [bucket, key] = [text(config['bucket']), text(config['key'])];
    const version = store.objects.get(bucket, key);
    if (!version) return nothing(`object ${key}`);
    return {
      id: `${bucket}/${key}`,
      arn: `arn:aws:s3:::${bucket}/${key}`,
      body: Buffer.from(version.body, 'base64').toString(),
      etag: version.etag,
      version_id: version.versionId,
      content_type: version.headers['content-type'],
    };
  },
  aws_eks_cluster: byName('aws_eks_cluster'),
  aws_eks_cluster_auth: (_, { config }) => ({
    id: config['name'],
    token: `k8s-aws-v1.${Buffer.from(`token of ${text(config['name'])}`).toString('base64url')}`,
  }),
  aws_eks_cluster_versions: (_, { region }) => ({
    id: region,
    cluster_versions: KUBERNETES_VERSIONS.map((version) => ({
      cluster_version: version,
      default_version: version === KUBERNETES_VERSIONS.at(-1),
      status: 'STANDARD_SUPPORT',
    })),
  }),
  aws_eks_addon_version: (_, { config }) => {
    const name = text(config['addon_name']);
    const kubernetes = text(config['kubernetes_version']);
    if (!KUBERNETES_VERSIONS.includes(kubernetes)) return nothing(`version of ${name}`);
    // The one add-on whose version is that of the cluster.
    if (name === 'kube-proxy') return { id: name, version: `v${kubernetes}.0-eksbuild.1` };
    return { id: name, version: ADDONS[name] ?? nothing(`EKS Add-On version of ${name}`) };
  },
  aws_ec2_instance_type: (_, { config }) => {
    const name = text(config['instance_type']);
    const [vcpus, mib, arch] = INSTANCE_TYPES[name] ?? nothing(`EC2 Instance Type (${name})`);
    return { id: name, default_vcpus: vcpus, memory_size: mib, supported_architectures: [arch], current_generation: true };
  },
  aws_ec2_instance_type_offerings: (_, ask) => {
    const wanted = ((ask.config['filter'] ?? []) as readonly Attributes[])
      .filter((one) => one['name'] === 'instance-type')
      .flatMap((one) => valuesAt(one, 'values').map(text));
    const types = Object.keys(INSTANCE_TYPES).filter((type) => wanted.length === 0 || wanted.includes(type));
    const locations = ask.config['location_type'] === 'availability-zone' ? zoneNames(ask) : [ask.region];
    const pairs = types.flatMap((type) => locations.map((location) => [type, location] as const));
    return {
      id: ask.region,
      instance_types: pairs.map(([type]) => type),
      locations: pairs.map(([, location]) => location),
      location_types: pairs.map(() => ask.config['location_type'] ?? 'region'),
    };
  },
  aws_vpc_endpoint_service: (_, ask) => {
    const service = text(ask.config['service']);
    if (/no-such/.test(service)) return nothing('VPC Endpoint Service');
    const kind = text(ask.config['service_type']) || 'Interface';
    return {
      id: '1',
      service_name: text(ask.config['service_name']) || `com.amazonaws.${ask.region}.${service}`,
      service_type: kind,
      availability_zones: zoneNames(ask),
      owner: 'amazon',
      acceptance_required: false,
      manages_vpc_endpoints: false,
      private_dns_name: `${service}.${ask.region}.amazonaws.com`,
      base_endpoint_dns_names: [],
      supported_ip_address_types: ['ipv4'],
    };
  },
  aws_prefix_list: (_, { region, config }) => ({
    id: 'pl-6da54004',
    prefix_list_id: 'pl-6da54004',
    name: config['name'] ?? `com.amazonaws.${region}.s3`,
    cidr_blocks: ['52.218.0.0/17'],
  }),
  aws_ec2_managed_prefix_list: (_, { region, config }) => ({
    id: 'pl-6da54004',
    name: config['name'] ?? `com.amazonaws.${region}.s3`,
    address_family: 'IPv4',
    max_entries: 10,
    entries: [],
  }),
  aws_vpc: single('aws_vpc'),
  aws_subnet: single('aws_subnet'),
  aws_security_group: single('aws_security_group'),
  aws_route_table: single('aws_route_table'),
  aws_internet_gateway: single('aws_internet_gateway'),
  aws_nat_gateway: single('aws_nat_gateway'),
  aws_eip: single('aws_eip'),
  aws_autoscaling_group: byName('aws_autoscaling_group'),
  aws_autoscaling_groups: (account, ask) => {
    const groups = select(account, 'aws_autoscaling_group', ask).toSorted((a, b) => a.id.localeCompare(b.id));
    return { id: ask.region, names: groups.map(({ id }) => id), arns: groups.map(({ attributes }) => attributes['arn']) };
  },
  aws_vpcs: many('aws_vpc'),
  aws_subnets: many('aws_subnet'),
  aws_security_groups: many('aws_security_group'),
  aws_route_tables: many('aws_route_table'),
};

export function readData(account: Account, type: string, ask: DataAsk): Attributes {
  account.settle();
  const reader = READERS[type];
  if (!reader)
    throw new AwsFailure('NotImplemented', `the test bed knows no data source ${type}: add it to test/support/aws/data-sources.ts`);
  return reader(account, ask);
}
