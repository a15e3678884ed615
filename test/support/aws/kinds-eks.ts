/** EKS: a cluster brings a security group and interfaces, a node group its auto-scaling group with instances. Source: EKS user guide. */
import { checkInstanceType, launch, terminate } from './kinds-compute.ts';
import { type Kind, type Kinds, nameOf, refuse, type World } from './kind.ts';
import { networkInterface, releaseInterfaces } from './interfaces.ts';
import { type Attributes, blockOf, type Resource, text, valuesAt } from './store.ts';

const eks = (label: string, noun: string): Pick<Kind, 'service' | 'label' | 'actions' | 'missingCode' | 'heldCode'> => ({
  service: 'EKS',
  label: `EKS ${label}`,
  actions: [`Create${noun}`, `Describe${noun}`, `Update${noun}Config`, `Delete${noun}`],
  missingCode: 'ResourceNotFoundException',
  heldCode: 'ResourceInUseException',
});

/** In standard or extended support of the account. */
export const KUBERNETES_VERSIONS: readonly string[] = ['1.30', '1.31', '1.32', '1.33', '1.34', '1.35', '1.36'];

/** Add-ons the account offers, with the version that is the default for every Kubernetes version. */
export const ADDONS: Readonly<Record<string, string>> = {
  'vpc-cni': 'v1.21.1-eksbuild.1',
  'kube-proxy': 'v1.34.1-eksbuild.2',
  coredns: 'v1.12.4-eksbuild.1',
  'aws-ebs-csi-driver': 'v1.52.1-eksbuild.1',
  'eks-pod-identity-agent': 'v1.3.9-eksbuild.3',
  'metrics-server': 'v0.8.0-eksbuild.3',
  'snapshot-controller': 'v8.3.0-eksbuild.1',
};

const minor = (version: unknown): number => Number(text(version).split('.')[1]);

function checkVersion(before: unknown, after: unknown): void {
  if (typeof after !== 'string' || after === '') return;
  if (!KUBERNETES_VERSIONS.includes(after)) refuse('InvalidParameterException', `unsupported Kubernetes version ${after}`);
  if (before === undefined || before === after) return;
  if (minor(after) < minor(before))
    refuse('InvalidParameterException', `Unsupported Kubernetes minor version update from ${text(before)} to ${after}`);
  if (minor(after) > minor(before) + 1)
    refuse('InvalidParameterException', `Unsupported Kubernetes minor version update from ${text(before)} to ${after}`);
}

function checkCluster(world: World, attributes: Attributes, id: string | undefined): void {
  const before = id === undefined ? undefined : world.store.get('aws_eks_cluster', id)?.attributes;
  checkVersion(before?.['version'], attributes['version']);
  const subnets = valuesAt(attributes, 'vpc_config.subnet_ids').map(
    (subnet) => world.store.get('aws_subnet', text(subnet))?.attributes ?? {},
  );
  const zones = new Set(subnets.map((subnet) => subnet['availability_zone']));
  if (zones.size < 2) refuse('InvalidParameterException', 'Subnets specified must be in at least two different AZs');
  if (new Set(subnets.map((subnet) => subnet['vpc_id'])).size > 1)
    refuse('InvalidParameterException', 'Provided subnets belong to different VPCs');
  const { endpoint_private_access: inside, endpoint_public_access: outside } = blockOf(attributes, 'vpc_config');
  if (inside !== true && outside !== true)
    refuse('InvalidParameterException', 'Private and public endpoint access cannot both be disabled');
  if (id !== undefined) checkSkew(world, attributes, id);
}

/** Kubelets may be three minors behind, not more. */
function checkSkew(world: World, attributes: Attributes, cluster: string): void {
  const groups = world.store.list('aws_eks_node_group').filter((one) => one.attributes['cluster_name'] === cluster);
  const behind = groups.find((one) => minor(attributes['version']) - minor(one.attributes['version']) > 3);
  if (behind)
    refuse('InvalidParameterException', `Nodegroup ${text(behind.attributes['node_group_name'])} must be updated before the cluster`);
}

function clusterTold(world: World, attributes: Attributes, id: string): Attributes {
  const subnet = world.store.get('aws_subnet', text(valuesAt(attributes, 'vpc_config.subnet_ids')[0]));
  const issuer = `https://oidc.eks.${world.region}.amazonaws.com/id/${world.store.hex(32).toUpperCase()}`;
  const vpcConfig = blockOf(attributes, 'vpc_config');
  return {
    arn: world.arn('eks', `cluster/${id}`),
    cluster_id: '',
    created_at: '2026-01-01T00:00:00Z',
    endpoint: world.clusterApi.endpoint,
    certificate_authority: [{ data: Buffer.from(world.clusterApi.certificateAuthority).toString('base64') }],
    identity: [{ oidc: [{ issuer }] }],
    platform_version: 'eks.1',
    status: 'ACTIVE',
    version: attributes['version'] ?? KUBERNETES_VERSIONS.at(-1),
    deletion_protection: attributes['deletion_protection'] ?? false,
    access_config: [
      {
        authentication_mode: 'API_AND_CONFIG_MAP',
        bootstrap_cluster_creator_admin_permissions: true,
        ...withoutNull(blockOf(attributes, 'access_config')),
      },
    ],
    kubernetes_network_config: [
      {
        ip_family: 'ipv4',
        service_ipv4_cidr: '172.20.0.0/16',
        service_ipv6_cidr: null,
        elastic_load_balancing: [{ enabled: false }],
        ...withoutNull(blockOf(attributes, 'kubernetes_network_config')),
      },
    ],
    upgrade_policy: [{ support_type: 'EXTENDED', ...withoutNull(blockOf(attributes, 'upgrade_policy')) }],
    vpc_config: [
      {
        ...vpcConfig,
        cluster_security_group_id: `sg-0${world.store.hex(16)}`,
        vpc_id: subnet?.attributes['vpc_id'],
        public_access_cidrs: vpcConfig['public_access_cidrs'] ?? (vpcConfig['endpoint_public_access'] === true ? ['0.0.0.0/0'] : []),
        control_plane_egress_mode: vpcConfig['control_plane_egress_mode'] ?? 'AWS_MANAGED',
      },
    ],
  };
}

function withoutNull(attributes: Attributes): Attributes {
  return Object.fromEntries(
    Object.entries(attributes).filter(([, value]) => value !== null && !(Array.isArray(value) && value.length === 0)),
  );
}

function madeCluster(world: World, cluster: Resource): void {
  const config = blockOf(cluster.attributes, 'vpc_config');
  const groupId = text(config['cluster_security_group_id']);
  const tags = {
    [`kubernetes.io/cluster/${cluster.id}`]: 'owned',
    'aws:eks:cluster-name': cluster.id,
    Name: `eks-cluster-sg-${cluster.id}`,
  };
  world.make(
    'aws_security_group',
    {
      name: `eks-cluster-sg-${cluster.id}-${world.store.hex(8)}`,
      vpc_id: config['vpc_id'],
      description:
        'EKS created security group applied to ENI that is attached to EKS Control Plane master nodes, as well as any managed workloads.',
      tags_all: tags,
      owned_by: cluster.id,
    },
    { id: groupId },
  );
  for (const subnet of valuesAt(cluster.attributes, 'vpc_config.subnet_ids').map(text)) {
    networkInterface(world, subnet, `Amazon EKS ${cluster.id}`, {
      owned_by: cluster.id,
      security_groups: [groupId, ...valuesAt(cluster.attributes, 'vpc_config.security_group_ids')],
    });
  }
  writeLogs(world, cluster);
}

/** Where no group stands, the control plane makes one as soon as it has something to write: with no retention and nobody's tags. */
function writeLogs(world: World, cluster: Resource): void {
  const name = `/aws/eks/${cluster.id}/cluster`;
  if (
    valuesAt(cluster.attributes, 'enabled_cluster_log_types').filter(Boolean).length === 0 ||
    world.store.get('aws_cloudwatch_log_group', name)
  )
    return;
  world.make(
    'aws_cloudwatch_log_group',
    { name, retention_in_days: 0, arn: world.arn('logs', `log-group:${name}`), log_group_class: 'STANDARD', tags_all: {} },
    { id: name },
  );
}

export { writeLogs };

function goneCluster(world: World, cluster: Resource): void {
  releaseInterfaces(world, cluster.id);
  world.unmake('aws_security_group', text(blockOf(cluster.attributes, 'vpc_config')['cluster_security_group_id']));
}

function changedCluster(world: World, cluster: Resource, before: Attributes): void {
  if (before['version'] !== cluster.attributes['version']) Object.assign(cluster.attributes, { platform_version: 'eks.1' });
  writeLogs(world, cluster);
}

function heldCluster(world: World, cluster: Resource): string | undefined {
  if (cluster.attributes['deletion_protection'] === true) return `Cluster ${cluster.id} has deletion protection enabled`;
  return world.store.find('aws_eks_node_group', 'cluster_name', cluster.id) && 'Cluster has nodegroups attached';
}

const sizes = (attributes: Attributes): { readonly min: number; readonly max: number; readonly wanted: number } => {
  const { min_size: min, max_size: max, desired_size: wanted } = blockOf(attributes, 'scaling_config');
  return { min: Number(min), max: Number(max), wanted: Number(wanted) };
};

function checkSizes(attributes: Attributes): void {
  const { min, max, wanted } = sizes(attributes);
  if (wanted > max) refuse('InvalidParameterException', `desired capacity ${wanted} can't be greater than max size ${max}`);
  if (wanted < min) refuse('InvalidParameterException', `desired capacity ${wanted} can't be less than min size ${min}`);
}

function checkNodeGroup(world: World, attributes: Attributes, id: string | undefined): void {
  const cluster = world.store.get('aws_eks_cluster', text(attributes['cluster_name']));
  if (cluster === undefined) refuse('ResourceNotFoundException', `No cluster found for name: ${text(attributes['cluster_name'])}.`);
  checkSizes(attributes);
  for (const type of valuesAt(attributes, 'instance_types')) checkInstanceType(type);
  const version = attributes['version'];
  if (typeof version === 'string' && minor(version) > minor(cluster.attributes['version']))
    refuse('InvalidParameterException', `Nodegroup version ${version} is newer than the cluster's ${text(cluster.attributes['version'])}`);
  const before = id === undefined ? undefined : world.store.get('aws_eks_node_group', id);
  if (before && typeof version === 'string') checkVersion(before.attributes['version'], version);
}

function syncNodeGroup(world: World, one: Resource): void {
  const { min, max, wanted } = sizes(one.attributes);
  const groupName = text(valuesAt(one.attributes, 'resources.autoscaling_groups.name')[0]);
  const group = world.store.get('aws_autoscaling_group', groupName);
  const size = { min_size: min, max_size: max, desired_capacity: wanted };
  const tags = {
    'eks:cluster-name': text(one.attributes['cluster_name']),
    'eks:nodegroup-name': text(one.attributes['node_group_name']),
    [`kubernetes.io/cluster/${text(one.attributes['cluster_name'])}`]: 'owned',
  };
  const subnets = valuesAt(one.attributes, 'subnet_ids').map(text);
  const tagBlocks = Object.entries(tags).map(([key, value]) => ({ key, value, propagate_at_launch: true }));
  if (group) Object.assign(group.attributes, size);
  else
    world.make(
      'aws_autoscaling_group',
      {
        name: groupName,
        vpc_zone_identifier: subnets,
        owned_by: one.id,
        tag: tagBlocks,
        arn: world.arn('autoscaling', `autoScalingGroup:x:autoScalingGroupName/${groupName}`),
        ...size,
      },
      { id: groupName },
    );
  const running = world.store.list('aws_instance').filter((instance) => instance.attributes['owned_by'] === groupName).length;
  terminate(world, groupName, wanted);
  const clusterGroup = valuesAt(
    world.store.get('aws_eks_cluster', text(one.attributes['cluster_name']))?.attributes,
    'vpc_config.cluster_security_group_id',
  );
  launch(world, wanted - running, subnets, {
    owner: groupName,
    tags,
    attributes: { instance_type: valuesAt(one.attributes, 'instance_types')[0], vpc_security_group_ids: clusterGroup },
  });
}

/** Both id and name stand in what EKS tells, whichever was given. */
function fillTemplate(world: World, one: Resource): void {
  const given = blockOf(one.attributes, 'launch_template');
  const found = world.store.get('aws_launch_template', text(given['id'])) ?? world.store.find('aws_launch_template', 'name', given['name']);
  if (found) Object.assign(given, { id: found.id, name: found.attributes['name'] });
}

/** With a launch template the disk is the template's, and so is the image where none is named. */
function nodeGroupTold(world: World, attributes: Attributes, id: string): Attributes {
  const name = id.split(':')[1] ?? '';
  const cluster = text(attributes['cluster_name']);
  const version = attributes['version'] ?? world.store.get('aws_eks_cluster', cluster)?.attributes['version'];
  const update = withoutNull(blockOf(attributes, 'update_config'));
  const templated = text(valuesAt(attributes, 'launch_template.id')[0]) !== '';
  const defaults = {
    ami_type: templated ? 'CUSTOM' : 'AL2023_x86_64_STANDARD',
    capacity_type: 'ON_DEMAND',
    disk_size: templated ? 0 : 20,
    instance_types: ['t3.medium'],
    release_version: `${text(version)}.1-20260101`,
  };
  return {
    ...defaults,
    node_group_name: name,
    node_group_name_prefix: attributes['node_group_name_prefix'] ?? '',
    arn: world.arn('eks', `nodegroup/${cluster}/${name}/${world.store.hex(8)}`),
    version,
    status: 'ACTIVE',
    resources: [{ autoscaling_groups: [{ name: `eks-${name}-${world.store.hex(8)}` }], remote_access_security_group_id: '' }],
    update_config: [Object.keys(update).length > 0 ? update : { max_unavailable: 1 }],
  };
}

const NODE_GROUP: Kind = {
  ...eks('Node Group', 'Nodegroup'),
  id: (world, attributes) => `${text(attributes['cluster_name'])}:${nameOf(world, attributes, 'node_group_name')}`,
  refs: {
    cluster_name: 'aws_eks_cluster',
    node_role_arn: 'aws_iam_role#arn',
    subnet_ids: 'aws_subnet',
    'launch_template.id': 'aws_launch_template',
  },
  loose: ['node_role_arn', 'launch_template.id'],
  unique: ['ResourceInUseException', 'cluster_name', 'node_group_name'],
  check: checkNodeGroup,
  computed: nodeGroupTold,
  made: (world, one) => {
    fillTemplate(world, one);
    syncNodeGroup(world, one);
  },
  changed: (world, one, before) => {
    if (before['version'] !== one.attributes['version'])
      Object.assign(one.attributes, { release_version: `${text(one.attributes['version'])}.1-20260101` });
    fillTemplate(world, one);
    syncNodeGroup(world, one);
  },
  gone: (world, one) => world.unmake('aws_autoscaling_group', text(valuesAt(one.attributes, 'resources.autoscaling_groups.name')[0])),
  seconds: [180, 240, 240],
};

export const EKS_KINDS: Kinds = {
  aws_eks_cluster: {
    ...eks('Cluster', 'Cluster'),
    id: (_, attributes) => text(attributes['name']),
    refs: {
      role_arn: 'aws_iam_role#arn',
      'vpc_config.subnet_ids': 'aws_subnet',
      'vpc_config.security_group_ids': 'aws_security_group',
      'encryption_config.provider.key_arn': 'aws_kms_key#arn',
    },
    loose: ['role_arn', 'encryption_config.provider.key_arn'],
    unique: ['ResourceInUseException', 'name'],
    check: checkCluster,
    computed: clusterTold,
    made: madeCluster,
    changed: changedCluster,
    held: heldCluster,
    gone: goneCluster,
    seconds: [600, 480, 240],
  },
  aws_eks_node_group: NODE_GROUP,
  aws_eks_addon: {
    ...eks('Add-On', 'Addon'),
    actions: ['CreateAddon', 'DescribeAddon', 'UpdateAddon', 'DeleteAddon'],
    id: (_, attributes) => `${text(attributes['cluster_name'])}:${text(attributes['addon_name'])}`,
    refs: { cluster_name: 'aws_eks_cluster' },
    along: ['cluster_name'],
    unique: ['ResourceInUseException', 'cluster_name', 'addon_name'],
    check: (_, attributes) => {
      if (!(text(attributes['addon_name']) in ADDONS))
        refuse('InvalidParameterException', `Addon ${text(attributes['addon_name'])} specified is not supported`);
    },
    computed: (world, attributes) => ({
      arn: world.arn('eks', `addon/${text(attributes['cluster_name'])}/${text(attributes['addon_name'])}/${world.store.hex(8)}`),
      addon_version: attributes['addon_version'] ?? ADDONS[text(attributes['addon_name'])],
      configuration_values: attributes['configuration_values'] ?? '',
      created_at: '2026-01-01T00:00:00Z',
      modified_at: '2026-01-01T00:00:00Z',
    }),
    seconds: [45, 45, 30],
  },
  aws_eks_access_entry: {
    ...eks('Access Entry', 'AccessEntry'),
    id: (_, attributes) => `${text(attributes['cluster_name'])}:${text(attributes['principal_arn'])}`,
    refs: { cluster_name: 'aws_eks_cluster' },
    along: ['cluster_name'],
    unique: ['ResourceInUseException', 'cluster_name', 'principal_arn'],
    computed: (world, attributes) => ({
      access_entry_arn: world.arn('eks', `access-entry/${text(attributes['cluster_name'])}/role/${world.store.hex(8)}`),
      user_name:
        attributes['user_name'] ??
        text(attributes['principal_arn']).replace(':iam:', ':sts:').replace(':role/', ':assumed-role/') + '/{{SessionName}}',
      kubernetes_groups: attributes['kubernetes_groups'] ?? [],
      created_at: '2026-01-01T00:00:00Z',
      modified_at: '2026-01-01T00:00:00Z',
    }),
  },
  aws_eks_access_policy_association: {
    ...eks('Access Policy Association', 'AccessPolicy'),
    actions: ['AssociateAccessPolicy', 'ListAssociatedAccessPolicies', 'AssociateAccessPolicy', 'DisassociateAccessPolicy'],
    id: (_, attributes) => `${text(attributes['cluster_name'])}#${text(attributes['principal_arn'])}#${text(attributes['policy_arn'])}`,
    refs: { cluster_name: 'aws_eks_cluster', principal_arn: 'aws_eks_access_entry#principal_arn' },
    along: ['cluster_name', 'principal_arn'],
    computed: () => ({ associated_at: '2026-01-01T00:00:00Z', modified_at: '2026-01-01T00:00:00Z' }),
  },
  aws_eks_pod_identity_association: {
    ...eks('Pod Identity Association', 'PodIdentityAssociation'),
    id: (world) => `a-${world.store.hex(17)}`,
    refs: { cluster_name: 'aws_eks_cluster' },
    along: ['cluster_name'],
    unique: ['ResourceInUseException', 'cluster_name', 'namespace', 'service_account'],
    computed: (world, attributes, id) => ({
      association_id: id,
      association_arn: world.arn('eks', `podidentityassociation/${text(attributes['cluster_name'])}/${id}`),
      disable_session_tags: attributes['disable_session_tags'] ?? false,
      external_id: null,
    }),
    importId: (attributes) => `${text(attributes['cluster_name'])},${text(attributes['association_id'])}`,
  },
  aws_eks_identity_provider_config: {
    ...eks('Identity Provider Config', 'IdentityProviderConfig'),
    id: (_, attributes) => `${text(attributes['cluster_name'])}:${text(blockOf(attributes, 'oidc')['identity_provider_config_name'])}`,
    refs: { cluster_name: 'aws_eks_cluster' },
    along: ['cluster_name'],
  },
};
