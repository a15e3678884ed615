/** EC2's Query API: describes with filters and pages, and the deletions that a sweep needs. Shapes: EC2 API reference, 2016-11-15. */
import { randomUUID } from 'node:crypto';
import { type ApiCall, unanswered, xml } from './api-answer.ts';
import { AwsFailure } from './failure.ts';
import { INSTANCE_TYPES } from './kinds-compute.ts';
import { ZONES } from './kinds-network.ts';
import type { Wire } from './provider-wire.ts';
import type { HttpAnswer } from './server.ts';
import { type Attributes, type Resource, tagsOf, text, valuesAt } from './store.ts';
import type { Xml } from './xml.ts';

type Item = { readonly [name: string]: Xml };

interface Describe {
  readonly type: string;
  /** Element around the items. */
  readonly set: string;
  readonly id: string;
  /** Parameter that lists ids: `VolumeId.1`. */
  readonly ids: string;
  readonly more?: (one: Resource, wire: Wire) => Item;
}

const items = (values: readonly Xml[]): Xml => ({ item: values });
const tagSet = (one: Resource): Xml => items(Object.entries(tagsOf(one)).map(([key, value]) => ({ key, value })));
const groups = (one: Resource, path: string): Xml => items(valuesAt(one.attributes, path).map((groupId) => ({ groupId: text(groupId) })));

function permissions(one: Resource, { account }: Wire): Xml {
  const rules = account.store.list('aws_vpc_security_group_ingress_rule').filter((rule) => rule.attributes['security_group_id'] === one.id);
  return items(
    rules.map(({ attributes }) => ({
      ipProtocol: text(attributes['ip_protocol']),
      fromPort: attributes['from_port'] as number,
      toPort: attributes['to_port'] as number,
      groups: items(attributes['referenced_security_group_id'] ? [{ groupId: text(attributes['referenced_security_group_id']) }] : []),
      ipRanges: items(attributes['cidr_ipv4'] ? [{ cidrIp: text(attributes['cidr_ipv4']) }] : []),
    })),
  );
}

const DESCRIBES: Readonly<Record<string, Describe>> = {
  DescribeVpcs: { type: 'aws_vpc', set: 'vpcSet', id: 'vpcId', ids: 'VpcId', more: () => ({ state: 'available', isDefault: false }) },
  DescribeSubnets: {
    type: 'aws_subnet',
    set: 'subnetSet',
    id: 'subnetId',
    ids: 'SubnetId',
    more: () => ({ state: 'available', availableIpAddressCount: 4091 }),
  },
  DescribeInternetGateways: {
    type: 'aws_internet_gateway',
    set: 'internetGatewaySet',
    id: 'internetGatewayId',
    ids: 'InternetGatewayId',
    more: ({ attributes }) => ({
      attachmentSet: items(attributes['vpc_id'] ? [{ vpcId: text(attributes['vpc_id']), state: 'available' }] : []),
    }),
  },
  DescribeNatGateways: {
    type: 'aws_nat_gateway',
    set: 'natGatewaySet',
    id: 'natGatewayId',
    ids: 'NatGatewayId',
    more: () => ({ state: 'available' }),
  },
  DescribeRouteTables: { type: 'aws_route_table', set: 'routeTableSet', id: 'routeTableId', ids: 'RouteTableId' },
  DescribeVpcEndpoints: { type: 'aws_vpc_endpoint', set: 'vpcEndpointSet', id: 'vpcEndpointId', ids: 'VpcEndpointId' },
  DescribeFlowLogs: { type: 'aws_flow_log', set: 'flowLogSet', id: 'flowLogId', ids: 'FlowLogId' },
  DescribeLaunchTemplates: {
    type: 'aws_launch_template',
    set: 'launchTemplates',
    id: 'launchTemplateId',
    ids: 'LaunchTemplateId',
    more: ({ attributes }) => ({ launchTemplateName: text(attributes['name']) }),
  },
  DescribeAddresses: {
    type: 'aws_eip',
    set: 'addressesSet',
    id: 'allocationId',
    ids: 'AllocationId',
    more: ({ attributes }) => ({
      publicIp: text(attributes['public_ip']),
      instanceId: text(attributes['instance']) || undefined,
      networkInterfaceId: text(attributes['network_interface']) || undefined,
      associationId: text(attributes['association_id']) || undefined,
    }),
  },
  DescribeNetworkInterfaces: {
    type: 'aws_network_interface',
    set: 'networkInterfaceSet',
    id: 'networkInterfaceId',
    ids: 'NetworkInterfaceId',
    more: (one) => ({
      groupSet: groups(one, 'security_groups'),
      privateIpAddress: text(one.attributes['private_ip']),
      requesterManaged: one.attributes['requester_managed'] === true,
      tagSet: tagSet(one),
      ...(one.attributes['status'] === 'in-use' && {
        attachment: { attachmentId: `eni-attach-${one.id.slice(4)}`, status: 'attached', instanceOwnerId: 'amazon-aws' },
      }),
    }),
  },
  DescribeSecurityGroups: {
    type: 'aws_security_group',
    set: 'securityGroupInfo',
    id: 'groupId',
    ids: 'GroupId',
    more: (one, wire) => ({
      groupName: text(one.attributes['name']),
      groupDescription: text(one.attributes['description']),
      ipPermissions: permissions(one, wire),
    }),
  },
  DescribeVolumes: {
    type: 'aws_ebs_volume',
    set: 'volumeSet',
    id: 'volumeId',
    ids: 'VolumeId',
    more: ({ attributes }) => ({
      status: text(attributes['state']),
      volumeType: text(attributes['type']),
      attachmentSet: items(attributes['instance_id'] ? [{ instanceId: text(attributes['instance_id']), status: 'attached' }] : []),
    }),
  },
  DescribeSnapshots: {
    type: 'aws_ebs_snapshot',
    set: 'snapshotSet',
    id: 'snapshotId',
    ids: 'SnapshotId',
    more: ({ attributes }) => ({ status: text(attributes['state']) }),
  },
};

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

function itemOf(wire: Wire, describe: Describe, one: Resource): Item {
  const plain = Object.entries(one.attributes).filter(
    ([name, value]) => ['string', 'number', 'boolean'].includes(typeof value) && !['id', 'region', 'owned_by'].includes(name),
  );
  return {
    [describe.id]: one.id,
    ...(Object.fromEntries(plain.map(([name, value]) => [camel(name), value])) as Item),
    tagSet: tagSet(one),
    ...describe.more?.(one, wire),
  };
}

interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

function filtersOf(form: URLSearchParams): readonly Filter[] {
  const names = [...form].filter(([key]) => /^Filter\.\d+\.Name$/.test(key));
  return names.map(([key, name]) => {
    const prefix = key.replace(/Name$/, 'Value.');
    return { name, values: [...form].filter(([other]) => other.startsWith(prefix)).map(([, value]) => value) };
  });
}

/** Values of a filter may hold `*`, as AWS' do. */
const like = (value: string, pattern: string): boolean =>
  new RegExp(
    `^${pattern
      .split('*')
      .map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  ).test(value);

function passes(wire: Wire, one: Resource, { name, values }: Filter): boolean {
  const tags = tagsOf(one);
  if (name.startsWith('tag:')) return values.some((value) => name.slice(4) in tags && like(tags[name.slice(4)] ?? '', value));
  if (name === 'tag-key') return Object.keys(tags).some((key) => values.some((value) => like(key, value)));
  const own = FILTERED[name]?.(one.attributes, wire) ?? valuesAt(one.attributes, name.replaceAll('-', '_')).map(String);
  return own.some((candidate) => values.some((value) => like(candidate, value)));
}

const FILTERED: Readonly<Record<string, (attributes: Attributes, wire: Wire) => readonly string[]>> = {
  'instance-id': (attributes) => [text(attributes['id']), text(attributes['instance_id'])],
  'volume-id': (attributes) => [text(attributes['id'])],
  'ip-permission.group-id': (attributes, { account }) =>
    account.store
      .list('aws_vpc_security_group_ingress_rule')
      .filter((rule) => rule.attributes['security_group_id'] === attributes['id'])
      .map((rule) => text(rule.attributes['referenced_security_group_id'])),
  'group-id': (attributes) => [...valuesAt(attributes, 'security_groups').map(text), text(attributes['id'])],
  'group-name': (attributes) => [text(attributes['name'])],
  status: (attributes) => [text(attributes['state']) || text(attributes['status'])],
  'allocation-id': (attributes) => [text(attributes['id'])],
  'attachment.vpc-id': (attributes) => [text(attributes['vpc_id'])],
  'instance-state-name': (attributes) => [text(attributes['instance_state'])],
};

const listed = (form: URLSearchParams, name: string): readonly string[] =>
  [...form].filter(([key]) => new RegExp(`^${name}\\.\\d+$`).test(key)).map(([, value]) => value);

function select(wire: Wire, { form, region }: ApiCall, { type, ids }: Pick<Describe, 'type' | 'ids'>): readonly Resource[] {
  const wanted = listed(form, ids);
  for (const id of wanted) wire.account.require(type, id);
  const filters = filtersOf(form);
  return wire.account.store
    .list(type)
    .filter((one) => one.region === region && (wanted.length === 0 || wanted.includes(one.id)))
    .filter((one) => filters.every((filter) => passes(wire, one, filter)));
}

/** Pages as asked for: a caller that forgets the token sees less. */
function page<T>(form: URLSearchParams, all: readonly T[]): { readonly part: readonly T[]; readonly next: string | undefined } {
  const start = Number(form.get('NextToken') ?? 0);
  const end = start + Number(form.get('MaxResults') ?? all.length);
  return { part: all.slice(start, end), next: end < all.length ? String(end) : undefined };
}

function describe(wire: Wire, call: ApiCall, how: Describe): HttpAnswer {
  const { part, next } = page(call.form, select(wire, call, how));
  return xml(`${call.action}Response`, {
    requestId: randomUUID(),
    [how.set]: items(part.map((one) => itemOf(wire, how, one))),
    nextToken: next,
  });
}

/** Instances stand inside reservations. */
function describeInstances(wire: Wire, call: ApiCall): HttpAnswer {
  const { part, next } = page(call.form, select(wire, call, { type: 'aws_instance', ids: 'InstanceId' }));
  const shape: Describe = {
    type: 'aws_instance',
    set: '',
    id: 'instanceId',
    ids: 'InstanceId',
    more: (one) => ({
      instanceState: { code: 16, name: text(one.attributes['instance_state']) },
      privateIpAddress: text(one.attributes['private_ip']),
      ipAddress: text(one.attributes['public_ip']) || undefined,
      launchTime: '2026-01-01T00:00:00Z',
      placement: { availabilityZone: text(one.attributes['availability_zone']) },
      groupSet: groups(one, 'vpc_security_group_ids'),
    }),
  };
  const reservations = part.map((one) => ({ reservationId: `r-${one.id.slice(2)}`, instancesSet: items([itemOf(wire, shape, one)]) }));
  return xml(`${call.action}Response`, { requestId: randomUUID(), reservationSet: items(reservations), nextToken: next });
}

const DELETES: Readonly<Record<string, readonly [type: string, parameter: string]>> = {
  DeleteVolume: ['aws_ebs_volume', 'VolumeId'],
  DeleteSnapshot: ['aws_ebs_snapshot', 'SnapshotId'],
  DeleteNetworkInterface: ['aws_network_interface', 'NetworkInterfaceId'],
  DeleteSecurityGroup: ['aws_security_group', 'GroupId'],
  DeleteSubnet: ['aws_subnet', 'SubnetId'],
  DeleteVpc: ['aws_vpc', 'VpcId'],
  DeleteInternetGateway: ['aws_internet_gateway', 'InternetGatewayId'],
  DeleteNatGateway: ['aws_nat_gateway', 'NatGatewayId'],
  DeleteRouteTable: ['aws_route_table', 'RouteTableId'],
  DeleteLaunchTemplate: ['aws_launch_template', 'LaunchTemplateId'],
  DeleteKeyPair: ['aws_key_pair', 'KeyName'],
  ReleaseAddress: ['aws_eip', 'AllocationId'],
};

const done = ({ action }: ApiCall, more: Item = {}): HttpAnswer =>
  xml(`${action}Response`, { requestId: randomUUID(), return: true, ...more });

function tagThings(wire: Wire, call: ApiCall): HttpAnswer {
  const keys = listedKeys(call.form);
  for (const id of listed(call.form, 'ResourceId')) {
    const target = wire.account.store.all().find((one) => one.id === id);
    if (!target) throw new AwsFailure('InvalidID', `The ID '${id}' is not valid`);
    const tags = { ...tagsOf(target) };
    for (const [key, value] of keys) {
      if (call.action === 'CreateTags') tags[key] = value;
      else delete tags[key];
    }
    Object.assign(target.attributes, { tags_all: tags });
  }
  return done(call);
}

function listedKeys(form: URLSearchParams): readonly (readonly [string, string])[] {
  return [...form]
    .filter(([key]) => /^Tag\.\d+\.Key$/.test(key))
    .map(([key, name]) => [name, form.get(key.replace(/Key$/, 'Value')) ?? ''] as const);
}

/** The rules of a group that name the other one go. */
function revoke(wire: Wire, call: ApiCall): HttpAnswer {
  const groupId = call.form.get('GroupId') ?? '';
  wire.account.require('aws_security_group', groupId);
  const wanted = new Set([...call.form.values()]);
  for (const rule of [
    ...wire.account.store.list('aws_vpc_security_group_ingress_rule'),
    ...wire.account.store.list('aws_vpc_security_group_egress_rule'),
  ]) {
    const named = [rule.id, text(rule.attributes['referenced_security_group_id'])].some((id) => id !== '' && wanted.has(id));
    if (rule.attributes['security_group_id'] === groupId && named) wire.account.vanish(rule.type, rule.id);
  }
  return done(call);
}

function detach(wire: Wire, call: ApiCall): HttpAnswer {
  const id = `eni-${(call.form.get('AttachmentId') ?? '').replace('eni-attach-', '')}`;
  Object.assign(wire.account.require('aws_network_interface', id).attributes, { status: 'available' });
  return done(call);
}

type Action = (wire: Wire, call: ApiCall) => HttpAnswer;

const ACTIONS: Readonly<Record<string, Action>> = {
  DescribeInstances: describeInstances,
  CreateTags: tagThings,
  DeleteTags: tagThings,
  RevokeSecurityGroupIngress: revoke,
  RevokeSecurityGroupEgress: revoke,
  DetachNetworkInterface: detach,
  TerminateInstances: (wire, call) => {
    const ids = listed(call.form, 'InstanceId');
    for (const id of ids) wire.account.vanish('aws_instance', wire.account.require('aws_instance', id).id);
    return done(call, {
      instancesSet: items(ids.map((instanceId) => ({ instanceId, currentState: { code: 32, name: 'shutting-down' } }))),
    });
  },
  DescribeRegions: (_, call) =>
    xml('DescribeRegionsResponse', {
      requestId: randomUUID(),
      regionInfo: items(
        ['eu-west-1', 'eu-central-1', 'us-east-1']
          .map((regionName) => ({ regionName, regionEndpoint: `ec2.${regionName}.amazonaws.com`, optInStatus: 'opt-in-not-required' }))
          .filter(({ regionName }) => listed(call.form, 'RegionName').length === 0 || listed(call.form, 'RegionName').includes(regionName)),
      ),
    }),
  DescribeAvailabilityZones: (_, { region }) =>
    xml('DescribeAvailabilityZonesResponse', {
      requestId: randomUUID(),
      availabilityZoneInfo: items(
        ZONES.map((letter) => ({
          zoneName: `${region}${letter}`,
          zoneState: 'available',
          regionName: region,
          zoneType: 'availability-zone',
          optInStatus: 'opt-in-not-required',
        })),
      ),
    }),
  DescribeInstanceTypes: (_, call) => {
    const wanted = listed(call.form, 'InstanceType');
    const unknown = wanted.filter((type) => !(type in INSTANCE_TYPES));
    if (unknown.length > 0)
      throw new AwsFailure('InvalidInstanceType', `The following supplied instance types do not exist: [${unknown.join(', ')}]`);
    const types = Object.entries(INSTANCE_TYPES).filter(([type]) => wanted.length === 0 || wanted.includes(type));
    return xml('DescribeInstanceTypesResponse', {
      requestId: randomUUID(),
      instanceTypeSet: items(
        types.map(([instanceType, [vcpus, mib, arch]]) => ({
          instanceType,
          vCpuInfo: { defaultVCpus: vcpus },
          memoryInfo: { sizeInMiB: mib },
          processorInfo: { supportedArchitectures: items([arch]) },
        })),
      ),
    });
  },
  DescribeInstanceTypeOfferings: (_, call) => {
    const wanted = filtersOf(call.form).find(({ name }) => name === 'instance-type')?.values;
    const locations =
      call.form.get('LocationType') === 'availability-zone' ? ZONES.map((letter) => `${call.region}${letter}`) : [call.region];
    const types = Object.keys(INSTANCE_TYPES).filter((type) => wanted === undefined || wanted.some((value) => like(type, value)));
    return xml('DescribeInstanceTypeOfferingsResponse', {
      requestId: randomUUID(),
      instanceTypeOfferingSet: items(
        types.flatMap((instanceType) =>
          locations.map((location) => ({ instanceType, location, locationType: call.form.get('LocationType') ?? 'region' })),
        ),
      ),
    });
  },
};

export function answerEc2(wire: Wire, call: ApiCall): HttpAnswer {
  const how = DESCRIBES[call.action];
  if (how) return describe(wire, call, how);
  const removal = DELETES[call.action];
  if (removal) {
    const [type, parameter] = removal;
    wire.account.remove(type, call.form.get(parameter) ?? '');
    return done(call);
  }
  return (ACTIONS[call.action] ?? ((_, unknown) => unanswered(unknown)))(wire, call);
}
