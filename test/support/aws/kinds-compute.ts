/** Launch templates, auto-scaling groups with their instances, load balancers, volumes. */
import { addressIn } from './cidr.ts';
import { type Kind, type Kinds, nameOf, refuse, type World } from './kind.ts';
import { networkInterface } from './interfaces.ts';
import { type Attributes, blockOf, type Resource, tagsOf, text, valuesAt } from './store.ts';

const ec2 = (label: string, noun: string): Pick<Kind, 'service' | 'label' | 'actions'> => ({
  service: 'EC2',
  label: `EC2 ${label}`,
  actions: [`Create${noun}`, `Describe${noun}s`, `Modify${noun}`, `Delete${noun}`],
});
const scaling = (label: string, noun: string): Pick<Kind, 'service' | 'label' | 'actions' | 'missingCode'> => ({
  service: 'Auto Scaling',
  label: `Auto Scaling ${label}`,
  actions: [`Create${noun}`, `Describe${noun}s`, `Update${noun}`, `Delete${noun}`],
  missingCode: 'ValidationError',
});
const elb = (label: string, noun: string): Pick<Kind, 'service' | 'label' | 'actions' | 'missingCode'> => ({
  service: 'Elastic Load Balancing v2',
  label: `ELBv2 ${label}`,
  actions: [`Create${noun}`, `Describe${noun}s`, `Modify${noun}Attributes`, `Delete${noun}`],
  missingCode: `${noun}NotFound`,
});

/** Instance types that the account knows, with processors and MiB; another one is refused as AWS refuses it. */
export const INSTANCE_TYPES: Readonly<Record<string, readonly [vcpus: number, mib: number, arch: string]>> = {
  't3.nano': [2, 512, 'x86_64'],
  't3.micro': [2, 1024, 'x86_64'],
  't3.small': [2, 2048, 'x86_64'],
  't3.medium': [2, 4096, 'x86_64'],
  't3.large': [2, 8192, 'x86_64'],
  't3.xlarge': [4, 16384, 'x86_64'],
  't3a.small': [2, 2048, 'x86_64'],
  't3a.medium': [2, 4096, 'x86_64'],
  't3a.large': [2, 8192, 'x86_64'],
  't4g.small': [2, 2048, 'arm64'],
  't4g.medium': [2, 4096, 'arm64'],
  't4g.large': [2, 8192, 'arm64'],
  'm5.large': [2, 8192, 'x86_64'],
  'm5.xlarge': [4, 16384, 'x86_64'],
  'm6i.large': [2, 8192, 'x86_64'],
  'm6g.large': [2, 8192, 'arm64'],
  'm7i.large': [2, 8192, 'x86_64'],
  'c5.large': [2, 4096, 'x86_64'],
  'r5.large': [2, 16384, 'x86_64'],
  'g4dn.xlarge': [4, 16384, 'x86_64'],
};

export function checkInstanceType(type: unknown): void {
  if (typeof type === 'string' && type !== '' && !(type in INSTANCE_TYPES))
    refuse('InvalidParameterValue', `Invalid value '${type}' for InstanceType.`);
}

interface LaunchOptions {
  readonly owner: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly attributes: Attributes;
}

/** Starts instances, spread over the subnets; they go with their owner. */
export function launch(world: World, count: number, subnets: readonly string[], { owner, tags, attributes }: LaunchOptions): void {
  for (let index = 0; index < count; index++) {
    const subnetId = subnets[index % subnets.length] ?? '';
    const subnet = world.store.get('aws_subnet', subnetId);
    const cidr = text(subnet?.attributes['cidr_block']) || '10.0.0.0/16';
    const place = {
      subnet_id: subnetId,
      availability_zone: subnet?.attributes['availability_zone'],
      private_ip: addressIn(cidr, 10 + world.store.number(200)),
    };
    world.make('aws_instance', { ...attributes, ...place, instance_state: 'running', owned_by: owner, tags_all: tags }, {});
  }
}

export function terminate(world: World, owner: string, keep = 0): void {
  const instances = world.store.list('aws_instance').filter((one) => one.attributes['owned_by'] === owner);
  for (const one of instances.slice(keep)) world.unmake('aws_instance', one.id);
}

function groupSize(attributes: Attributes): number {
  const minimum = Number(attributes['min_size'] ?? 0);
  return Number(attributes['desired_capacity'] ?? minimum);
}

function syncGroup(world: World, one: Resource): void {
  const { attributes } = one;
  const wanted = groupSize(attributes);
  const mine = world.store.list('aws_instance').filter((instance) => instance.attributes['owned_by'] === one.id).length;
  terminate(world, one.id, wanted);
  const subnets = valuesAt(attributes, 'vpc_zone_identifier').map(text);
  const propagated = ((attributes['tag'] ?? []) as Attributes[]).filter((tag) => tag['propagate_at_launch'] === true);
  const tags = {
    ...Object.fromEntries(propagated.map((tag) => [text(tag['key']), text(tag['value'])])),
    'aws:autoscaling:groupName': one.id,
  };
  const template = templateOf(world, attributes);
  const more = {
    instance_type: template['instance_type'],
    iam_instance_profile: blockOf(template, 'iam_instance_profile')['name'],
    launch_template_id: template['id'],
  };
  launch(world, wanted - mine, subnets, {
    owner: one.id,
    tags,
    attributes: {
      ...more,
      vpc_security_group_ids: [
        ...valuesAt(template, 'vpc_security_group_ids'),
        ...valuesAt(template, 'network_interfaces.security_groups'),
      ].filter((id) => typeof id === 'string'),
    },
  });
}

function templateOf(world: World, attributes: Attributes): Attributes {
  const given = blockOf(attributes, 'launch_template');
  const found = world.store.get('aws_launch_template', text(given['id'])) ?? world.store.find('aws_launch_template', 'name', given['name']);
  return found?.attributes ?? {};
}

function checkGroup(world: World, attributes: Attributes): void {
  const [minimum, wanted, maximum] = [Number(attributes['min_size'] ?? 0), groupSize(attributes), Number(attributes['max_size'] ?? 0)];
  if (maximum < minimum) refuse('ValidationError', 'Max bound, less than min bound.');
  if (wanted < minimum || wanted > maximum)
    refuse('ValidationError', `Desired capacity:${wanted} must be between the specified min size:${minimum} and max size:${maximum}`);
  const given = blockOf(attributes, 'launch_template');
  if (Object.keys(given).length > 0 && Object.keys(templateOf(world, attributes)).length === 0)
    refuse(
      'ValidationError',
      `You must use a valid fully-formed launch template. The specified launch template, with template ID ${text(given['id'])}, does not exist.`,
    );
}

/** In a template the id stands beside the name: AWS fills in the one that is not given. */
function fillTemplateReference(world: World, one: Resource): void {
  const given = blockOf(one.attributes, 'launch_template');
  const template = templateOf(world, one.attributes);
  if (Object.keys(given).length > 0) Object.assign(given, { id: template['id'], name: template['name'] });
}

const template: Kind = {
  ...ec2('Launch Template', 'LaunchTemplate'),
  actions: ['CreateLaunchTemplate', 'DescribeLaunchTemplates', 'CreateLaunchTemplateVersion', 'DeleteLaunchTemplate'],
  id: 'lt',
  refs: { vpc_security_group_ids: 'aws_security_group' },
  loose: ['vpc_security_group_ids'],
  unique: ['InvalidLaunchTemplateName.AlreadyExistsException', 'name'],
  check: (_, attributes) => {
    checkInstanceType(attributes['instance_type']);
    if (text(attributes['user_data']).length > 21_848) refuse('InvalidUserData.Malformed', 'User data is limited to 16384 bytes');
  },
  computed: (world, attributes, id) => ({
    arn: world.arn('ec2', `launch-template/${id}`),
    name: nameOf(world, attributes),
    name_prefix: attributes['name_prefix'] ?? '',
    latest_version: 1,
    default_version: 1,
  }),
  changed: (_, one, before) => {
    const ignored = new Set(['tags', 'tags_all', 'latest_version', 'default_version', 'update_default_version', 'description']);
    const differs = Object.keys(one.attributes).some(
      (name) => !ignored.has(name) && JSON.stringify(one.attributes[name] ?? null) !== JSON.stringify(before[name] ?? null),
    );
    const latest = Number(before['latest_version'] ?? 1) + (differs ? 1 : 0);
    const standard =
      one.attributes['update_default_version'] === true ? latest : (one.attributes['default_version'] ?? before['default_version'] ?? 1);
    Object.assign(one.attributes, { latest_version: latest, default_version: standard });
  },
  missingCode: 'InvalidLaunchTemplateId.NotFound',
};

const GROUP: Kind = {
  ...scaling('Group', 'AutoScalingGroup'),
  id: (world, attributes) => nameOf(world, attributes),
  refs: { vpc_zone_identifier: 'aws_subnet' },
  unique: ['AlreadyExists', 'name'],
  check: checkGroup,
  computed: (world, attributes, id) => ({
    name: id,
    name_prefix: attributes['name_prefix'] ?? '',
    arn: world.arn('autoscaling', `autoScalingGroup:${world.store.hex(8)}:autoScalingGroupName/${id}`),
    desired_capacity: groupSize(attributes),
    availability_zones: valuesAt(attributes, 'vpc_zone_identifier').map(
      (subnet) => world.store.get('aws_subnet', text(subnet))?.attributes['availability_zone'],
    ),
    default_cooldown: attributes['default_cooldown'] ?? 300,
    health_check_type: attributes['health_check_type'] ?? 'EC2',
    service_linked_role_arn: world.globalArn('iam', 'role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling'),
    load_balancers: attributes['load_balancers'] ?? [],
    target_group_arns: attributes['target_group_arns'] ?? [],
    traffic_source: attributes['traffic_source'] ?? [],
    predicted_capacity: 0,
    warm_pool_size: 0,
  }),
  made: (world, one) => {
    fillTemplateReference(world, one);
    syncGroup(world, one);
  },
  changed: (world, one) => {
    fillTemplateReference(world, one);
    syncGroup(world, one);
  },
  gone: (world, one) => terminate(world, one.id),
  seconds: [60, 5, 90],
};

const LOAD_BALANCER: Kind = {
  ...elb('Load Balancer', 'LoadBalancer'),
  id: (world, attributes) => {
    const kind = attributes['load_balancer_type'] === 'network' ? 'net' : 'app';
    return world.arn('elasticloadbalancing', `loadbalancer/${kind}/${nameOf(world, attributes).slice(0, 32)}/${world.store.hex(16)}`);
  },
  refs: { subnets: 'aws_subnet', security_groups: 'aws_security_group' },
  unique: ['DuplicateLoadBalancerName', 'name'],
  computed: (world, attributes, id) => {
    const subnet = world.store.get('aws_subnet', text(valuesAt(attributes, 'subnets')[0]));
    const name = id.split('/').at(-2);
    return {
      arn: id,
      name,
      arn_suffix: id.split('loadbalancer/')[1],
      dns_name: `${name}-1.elb.${world.region}.amazonaws.com`,
      zone_id: 'Z32O12XQLNTSW2',
      vpc_id: subnet?.attributes['vpc_id'],
      ip_address_type: 'ipv4',
      internal: attributes['internal'] ?? false,
    };
  },
  made: (world, one) => {
    for (const subnet of valuesAt(one.attributes, 'subnets')
      .map(text)
      .filter((id) => world.store.get('aws_subnet', id)))
      networkInterface(world, subnet, `ELB ${text(one.attributes['arn_suffix'])}`, {
        owned_by: one.id,
        security_groups: one.attributes['security_groups'] ?? [],
      });
  },
  gone: (world, one) => {
    for (const listener of world.store.list('aws_lb_listener'))
      if (listener.attributes['load_balancer_arn'] === one.id) world.unmake('aws_lb_listener', listener.id);
    for (const card of world.store.list('aws_network_interface'))
      if (card.attributes['owned_by'] === one.id) world.unmake('aws_network_interface', card.id);
  },
  seconds: [120, 5, 10],
};

export const COMPUTE_KINDS: Kinds = {
  aws_launch_template: template,
  aws_autoscaling_group: GROUP,
  aws_autoscaling_group_tag: {
    ...scaling('Group Tag', 'OrUpdateTag'),
    id: (_, attributes) => `${text(attributes['autoscaling_group_name'])},${text(blockOf(attributes, 'tag')['key'])}`,
    refs: { autoscaling_group_name: 'aws_autoscaling_group' },
    along: ['autoscaling_group_name'],
  },
  aws_autoscaling_lifecycle_hook: {
    ...scaling('Lifecycle Hook', 'LifecycleHook'),
    id: (_, attributes) => text(attributes['name']),
    refs: { autoscaling_group_name: 'aws_autoscaling_group' },
    along: ['autoscaling_group_name'],
  },
  aws_autoscaling_attachment: {
    ...scaling('Attachment', 'LoadBalancerTargetGroup'),
    id: (world, attributes) => `${text(attributes['autoscaling_group_name'])}-${world.store.hex(12)}`,
    refs: { autoscaling_group_name: 'aws_autoscaling_group' },
    along: ['autoscaling_group_name'],
  },
  aws_instance: {
    ...ec2('Instance', 'Instance'),
    actions: ['RunInstances', 'DescribeInstances', 'ModifyInstanceAttribute', 'TerminateInstances'],
    id: 'i',
    refs: { subnet_id: 'aws_subnet', vpc_security_group_ids: 'aws_security_group' },
    check: (_, attributes) => checkInstanceType(attributes['instance_type']),
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `instance/${id}`),
      instance_state: 'running',
      availability_zone:
        world.store.get('aws_subnet', text(attributes['subnet_id']))?.attributes['availability_zone'] ?? `${world.region}a`,
      private_ip: attributes['private_ip'] ?? '10.0.0.10',
      public_ip: '',
    }),
    missingCode: 'InvalidInstanceID.NotFound',
    seconds: [20, 10, 40],
  },
  aws_key_pair: {
    ...ec2('Key Pair', 'KeyPair'),
    id: (world, attributes) => nameOf(world, attributes, 'key_name'),
    unique: ['InvalidKeyPair.Duplicate', 'key_name'],
    computed: (world, _, id) => ({
      arn: world.arn('ec2', `key-pair/${id}`),
      key_name: id,
      key_pair_id: `key-0${world.store.hex(16)}`,
      fingerprint: world.store.hex(32),
      key_type: 'rsa',
    }),
  },
  aws_placement_group: {
    ...ec2('Placement Group', 'PlacementGroup'),
    id: (_, attributes) => text(attributes['name']),
    computed: (world, _, id) => ({ arn: world.arn('ec2', `placement-group/${id}`), placement_group_id: `pg-0${world.store.hex(16)}` }),
  },
  aws_ebs_volume: {
    ...ec2('EBS Volume', 'Volume'),
    id: 'vol',
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `volume/${id}`),
      size: attributes['size'] ?? 8,
      type: attributes['type'] ?? 'gp3',
      encrypted: attributes['encrypted'] ?? false,
      iops: 3000,
      throughput: 125,
      state: attributes['state'] ?? 'available',
    }),
    held: (_, volume) => (volume.attributes['state'] === 'in-use' ? `Volume ${volume.id} is currently attached` : undefined),
    heldCode: 'VolumeInUse',
    missingCode: 'InvalidVolume.NotFound',
  },
  aws_ebs_snapshot: {
    ...ec2('EBS Snapshot', 'Snapshot'),
    id: 'snap',
    computed: (world, _, id) => ({ arn: world.arn('ec2', `snapshot/${id}`), state: 'completed' }),
    missingCode: 'InvalidSnapshot.NotFound',
  },
  aws_volume_attachment: {
    ...ec2('EBS Volume Attachment', 'Volume'),
    id: (world) => `vai-${world.store.number(4294967295)}`,
    refs: { volume_id: 'aws_ebs_volume', instance_id: 'aws_instance' },
  },
  aws_network_interface: {
    ...ec2('Network Interface', 'NetworkInterface'),
    id: 'eni',
    refs: { subnet_id: 'aws_subnet', security_groups: 'aws_security_group' },
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `network-interface/${id}`),
      private_ip: '10.0.0.20',
      mac_address: '02:00:00:00:00:01',
      status: attributes['status'] ?? 'available',
      vpc_id: world.store.get('aws_subnet', text(attributes['subnet_id']))?.attributes['vpc_id'],
      owner_id: world.store.accountId,
    }),
    held: (_, card) => (card.attributes['status'] === 'in-use' ? `Network interface '${card.id}' is currently in use.` : undefined),
    heldCode: 'InvalidNetworkInterface.InUse',
    missingCode: 'InvalidNetworkInterfaceID.NotFound',
  },
  aws_ec2_tag: {
    ...ec2('Tag', 'Tag'),
    id: (_, attributes) => `${text(attributes['resource_id'])},${text(attributes['key'])}`,
    made: (world, tag) => setTag(world, tag, text(tag.attributes['value'])),
    changed: (world, tag) => setTag(world, tag, text(tag.attributes['value'])),
    gone: (world, tag) => setTag(world, tag, undefined),
  },
  aws_lb: LOAD_BALANCER,
  aws_lb_target_group: {
    ...elb('Target Group', 'TargetGroup'),
    id: (world, attributes) =>
      world.arn('elasticloadbalancing', `targetgroup/${nameOf(world, attributes).slice(0, 32)}/${world.store.hex(16)}`),
    refs: { vpc_id: 'aws_vpc' },
    loose: ['vpc_id'],
    unique: ['DuplicateTargetGroupName', 'name'],
    computed: (_, __, id) => ({ arn: id, name: id.split('/').at(-2), arn_suffix: id.split(':').at(-1), ip_address_type: 'ipv4' }),
    held: (world, one) =>
      world.store.list('aws_lb_listener').some((listener) => JSON.stringify(listener.attributes).includes(one.id))
        ? `Target group '${one.id}' is currently in use by a listener or a rule`
        : undefined,
    heldCode: 'ResourceInUse',
  },
  aws_lb_listener: {
    ...elb('Listener', 'Listener'),
    id: (world, attributes) => `${text(attributes['load_balancer_arn']).replace(':loadbalancer/', ':listener/')}/${world.store.hex(16)}`,
    refs: { load_balancer_arn: 'aws_lb' },
    along: ['load_balancer_arn'],
    computed: (_, __, id) => ({ arn: id }),
  },
  aws_elb: {
    ...elb('Classic Load Balancer', 'LoadBalancer'),
    service: 'Elastic Load Balancing',
    id: (world, attributes) => nameOf(world, attributes),
    refs: { subnets: 'aws_subnet', security_groups: 'aws_security_group' },
    unique: ['DuplicateLoadBalancerName', 'name'],
    computed: (world, _, id) => ({
      name: id,
      arn: world.arn('elasticloadbalancing', `loadbalancer/${id}`),
      dns_name: `${id}.elb.amazonaws.com`,
    }),
    missingCode: 'LoadBalancerNotFound',
  },
};

function setTag(world: World, tag: Resource, value: string | undefined): void {
  const target = world.store.all().find((one) => one.id === tag.attributes['resource_id']);
  if (!target) return;
  const tags = { ...tagsOf(target) };
  if (value === undefined) delete tags[text(tag.attributes['key'])];
  else tags[text(tag.attributes['key'])] = value;
  Object.assign(target.attributes, { tags_all: tags });
}
