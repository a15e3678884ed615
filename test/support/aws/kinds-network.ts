/** VPC, subnets, what leads in and out of them. Facts: EC2 and VPC API references; sources of single surprises stand beside them. */
import { contains, overlaps, rangeOf } from './cidr.ts';
import { networkInterface, releaseInterfaces } from './interfaces.ts';
import { type Kinds, refuse, type World } from './kind.ts';
import { type Attributes, type Resource, text, valuesAt } from './store.ts';

export const ZONES: readonly string[] = ['a', 'b', 'c'];

const ec2 = (label: string, noun: string): { service: string; label: string; actions: readonly [string, string, string, string] } => ({
  service: 'EC2',
  label: `EC2 ${label}`,
  actions: [`Create${noun}`, `Describe${noun}s`, `Modify${noun}Attribute`, `Delete${noun}`],
});

function rangesOfVpc(world: World, vpcId: string): readonly string[] {
  const own = text(world.store.get('aws_vpc', vpcId)?.attributes['cidr_block']);
  const more = world.store.list('aws_vpc_ipv4_cidr_block_association').filter((one) => one.attributes['vpc_id'] === vpcId);
  return [own, ...more.map((one) => text(one.attributes['cidr_block']))];
}

function checkVpc(world: World, attributes: Attributes, id: string | undefined): void {
  if (id === undefined && world.store.list('aws_vpc').filter((vpc) => vpc.region === world.region).length >= world.quotas.vpcs) {
    refuse('VpcLimitExceeded', 'The maximum number of VPCs has been reached.');
  }
  const bits = Number(text(attributes['cidr_block']).split('/')[1] ?? 16);
  if (bits < 16 || bits > 28) refuse('InvalidVpc.Range', `The CIDR '${text(attributes['cidr_block'])}' is invalid.`);
}

function checkSubnet(world: World, attributes: Attributes, id: string | undefined): void {
  const cidr = text(attributes['cidr_block']);
  const vpcId = text(attributes['vpc_id']);
  const zone = text(attributes['availability_zone']);
  if (zone !== '' && !ZONES.some((letter) => `${world.region}${letter}` === zone)) {
    refuse(
      'InvalidParameterValue',
      `Value (${zone}) for parameter availabilityZone is invalid. Subnets can currently only be created in the following availability zones: ${ZONES.map((letter) => world.region + letter).join(', ')}.`,
    );
  }
  if (cidr === '' || id !== undefined) return;
  if (!rangesOfVpc(world, vpcId).some((range) => contains(rangeOf(range), rangeOf(cidr))))
    refuse('InvalidSubnet.Range', `The CIDR '${cidr}' is invalid.`);
  const other = world.store
    .list('aws_subnet')
    .find((one) => one.attributes['vpc_id'] === vpcId && overlaps(rangeOf(text(one.attributes['cidr_block'])), rangeOf(cidr)));
  if (other) refuse('InvalidSubnet.Conflict', `The CIDR '${cidr}' conflicts with another subnet`);
}

/** What AWS makes with every VPC; it goes with it and is never listed. */
function furnish(world: World, vpc: Resource): void {
  const own = (type: string, key: string, attributes: Attributes): void => {
    world.make(type, { vpc_id: vpc.id, owner_id: world.store.accountId, ...attributes }, { id: text(vpc.attributes[key]), hidden: true });
  };
  own('aws_security_group', 'default_security_group_id', { name: 'default', description: 'default VPC security group', tags_all: {} });
  own('aws_route_table', 'main_route_table_id', { tags_all: {} });
  own('aws_network_acl', 'default_network_acl_id', { tags_all: {} });
}

/** Public addresses inside hold the gateway: DependencyViolation "has some mapped public address(es)". */
function mappedAddress(world: World, gateway: Resource): string | undefined {
  const vpcId = gateway.attributes['vpc_id'];
  const nat = world.store
    .list('aws_nat_gateway')
    .find((one) => world.store.get('aws_subnet', text(one.attributes['subnet_id']))?.attributes['vpc_id'] === vpcId);
  return (
    nat && `Network ${text(vpcId)} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`
  );
}

function syncEndpointInterfaces(world: World, endpoint: Resource): void {
  releaseInterfaces(world, endpoint.id);
  const interfaces = valuesAt(endpoint.attributes, 'subnet_ids')
    .filter((id) => typeof id === 'string')
    .map(
      (id) =>
        networkInterface(world, text(id), `VPC Endpoint Interface ${endpoint.id}`, {
          owned_by: endpoint.id,
          security_groups: endpoint.attributes['security_group_ids'] ?? [],
        }).id,
    );
  Object.assign(endpoint.attributes, { network_interface_ids: interfaces });
}

const routeTarget = (attributes: Attributes): Attributes => ({
  state: 'active',
  origin: 'CreateRoute',
  instance_id: '',
  instance_owner_id: '',
  network_interface_id: attributes['network_interface_id'] ?? '',
});
const destinationOf = (attributes: Attributes): string =>
  ['destination_cidr_block', 'destination_ipv6_cidr_block', 'destination_prefix_list_id']
    .map((name) => text(attributes[name]))
    .find((value) => value !== '') ?? '';

export const NETWORK_KINDS: Kinds = {
  aws_vpc: {
    ...ec2('VPC', 'Vpc'),
    id: 'vpc',
    check: checkVpc,
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `vpc/${id}`),
      owner_id: world.store.accountId,
      default_network_acl_id: `acl-0${world.store.hex(16)}`,
      default_route_table_id: `rtb-0${world.store.hex(16)}`,
      default_security_group_id: `sg-0${world.store.hex(16)}`,
      dhcp_options_id: 'dopt-0123456789abcdef0',
      enable_dns_hostnames: attributes['enable_dns_hostnames'] ?? false,
      enable_network_address_usage_metrics: false,
      ipv6_association_id: '',
      ipv6_cidr_block: '',
      ipv6_cidr_block_network_border_group: '',
    }),
    made: (world, vpc) => {
      Object.assign(vpc.attributes, { main_route_table_id: vpc.attributes['default_route_table_id'] });
      furnish(world, vpc);
    },
    missingCode: 'InvalidVpcID.NotFound',
    seconds: [2, 2, 1],
  },
  aws_vpc_ipv4_cidr_block_association: {
    ...ec2('VPC CIDR Block Association', 'VpcCidrBlock'),
    actions: ['AssociateVpcCidrBlock', 'DescribeVpcs', 'AssociateVpcCidrBlock', 'DisassociateVpcCidrBlock'],
    id: 'vpc-cidr-assoc',
    refs: { vpc_id: 'aws_vpc' },
    along: ['vpc_id'],
    check: (world, attributes, id) => {
      const range = rangeOf(text(attributes['cidr_block']));
      const taken = id === undefined && rangesOfVpc(world, text(attributes['vpc_id'])).some((other) => overlaps(rangeOf(other), range));
      if (taken) refuse('CidrConflict', `CIDR range ${text(attributes['cidr_block'])} conflicts with one of ${text(attributes['vpc_id'])}`);
    },
    held: (world, association) => {
      const inside = world.store
        .list('aws_subnet')
        .find(
          (one) =>
            one.attributes['vpc_id'] === association.attributes['vpc_id'] &&
            contains(rangeOf(text(association.attributes['cidr_block'])), rangeOf(text(one.attributes['cidr_block']))),
        );
      return (
        inside &&
        `The vpc CIDR block ${text(association.attributes['cidr_block'])} has dependencies (${inside.id}) and cannot be disassociated`
      );
    },
    seconds: [2, 0, 2],
  },
  aws_subnet: {
    ...ec2('Subnet', 'Subnet'),
    id: 'subnet',
    refs: { vpc_id: 'aws_vpc' },
    check: checkSubnet,
    computed: (world, attributes, id) => {
      const zone = text(attributes['availability_zone']) || `${world.region}a`;
      return {
        arn: world.arn('ec2', `subnet/${id}`),
        owner_id: world.store.accountId,
        availability_zone: zone,
        availability_zone_id: `${world.region.replace(/^(..)-(.).*-(\d)$/, '$1$2$3')}-az${ZONES.indexOf(zone.slice(-1)) + 1}`,
        private_dns_hostname_type_on_launch: 'ip-name',
        ipv6_cidr_block_association_id: '',
      };
    },
    missingCode: 'InvalidSubnetID.NotFound',
    seconds: [1, 1, 1],
  },
  aws_internet_gateway: {
    ...ec2('Internet Gateway', 'InternetGateway'),
    id: 'igw',
    refs: { vpc_id: 'aws_vpc' },
    computed: (world, _, id) => ({ arn: world.arn('ec2', `internet-gateway/${id}`), owner_id: world.store.accountId }),
    check: (world, attributes, id) => {
      const vpcId = text(attributes['vpc_id']);
      const attached =
        vpcId === ''
          ? undefined
          : world.store.list('aws_internet_gateway').find((one) => one.attributes['vpc_id'] === vpcId && one.id !== id);
      if (attached) refuse('Resource.AlreadyAssociated', `resource ${attached.id} is already attached to network ${vpcId}`);
    },
    held: mappedAddress,
    missingCode: 'InvalidInternetGatewayID.NotFound',
    seconds: [1, 1, 10],
  },
  aws_egress_only_internet_gateway: {
    ...ec2('Egress-only Internet Gateway', 'EgressOnlyInternetGateway'),
    id: 'eigw',
    refs: { vpc_id: 'aws_vpc' },
  },
  aws_eip: {
    ...ec2('EIP', 'Address'),
    actions: ['AllocateAddress', 'DescribeAddresses', 'AssociateAddress', 'ReleaseAddress'],
    id: 'eipalloc',
    refs: { instance: 'aws_instance', network_interface: 'aws_network_interface' },
    loose: ['instance', 'network_interface'],
    check: (world, _, id) => {
      if (id === undefined && world.store.list('aws_eip').filter((one) => one.region === world.region).length >= world.quotas.addresses) {
        refuse('AddressLimitExceeded', 'The maximum number of addresses has been reached.');
      }
    },
    computed: (world, _, id) => {
      const address = `203.0.113.${world.store.number(250) + 1}`;
      return {
        allocation_id: id,
        arn: world.arn('ec2', `elastic-ip/${id}`),
        domain: 'vpc',
        public_ip: address,
        public_dns: `ec2-${address.replaceAll('.', '-')}.${world.region}.compute.amazonaws.com`,
        network_border_group: world.region,
        public_ipv4_pool: 'amazon',
        association_id: '',
        private_ip: '',
        instance: '',
        network_interface: '',
      };
    },
    heldCode: 'InvalidIPAddress.InUse',
    missingCode: 'InvalidAllocationID.NotFound',
    seconds: [1, 1, 1],
  },
  aws_eip_association: {
    ...ec2('EIP Association', 'Address'),
    actions: ['AssociateAddress', 'DescribeAddresses', 'AssociateAddress', 'DisassociateAddress'],
    id: 'eipassoc',
    refs: { allocation_id: 'aws_eip', instance_id: 'aws_instance' },
  },
  aws_nat_gateway: {
    ...ec2('NAT Gateway', 'NatGateway'),
    id: 'nat',
    refs: { subnet_id: 'aws_subnet', allocation_id: 'aws_eip' },
    computed: (world, attributes) => ({
      association_id: `eipassoc-0${world.store.hex(16)}`,
      public_ip: world.store.get('aws_eip', text(attributes['allocation_id']))?.attributes['public_ip'] ?? '',
    }),
    made: (world, gateway) => {
      const card = networkInterface(world, text(gateway.attributes['subnet_id']), `Interface for NAT Gateway ${gateway.id}`, {
        owned_by: gateway.id,
        interface_type: 'nat_gateway',
      });
      Object.assign(gateway.attributes, { network_interface_id: card.id, private_ip: card.attributes['private_ip'] });
    },
    gone: (world, gateway) => releaseInterfaces(world, gateway.id),
    missingCode: 'NatGatewayNotFound',
    seconds: [120, 5, 60],
  },
  aws_route_table: {
    ...ec2('Route Table', 'RouteTable'),
    id: 'rtb',
    refs: { vpc_id: 'aws_vpc' },
    computed: (world, _, id) => ({
      arn: world.arn('ec2', `route-table/${id}`),
      owner_id: world.store.accountId,
      route: [],
      propagating_vgws: [],
    }),
    missingCode: 'InvalidRouteTableID.NotFound',
  },
  aws_default_route_table: {
    ...ec2('Default Route Table', 'RouteTable'),
    id: (_, attributes) => text(attributes['default_route_table_id']),
    refs: { default_route_table_id: 'aws_route_table' },
    along: ['default_route_table_id'],
    adopted: true,
  },
  aws_route: {
    ...ec2('Route', 'Route'),
    actions: ['CreateRoute', 'DescribeRouteTables', 'ReplaceRoute', 'DeleteRoute'],
    id: (_, attributes) =>
      `r-${text(attributes['route_table_id'])}${Number.parseInt(Buffer.from(destinationOf(attributes)).toString('hex').slice(-12), 16) % 4294967295}`,
    refs: {
      route_table_id: 'aws_route_table',
      gateway_id: 'aws_internet_gateway',
      nat_gateway_id: 'aws_nat_gateway',
      vpc_endpoint_id: 'aws_vpc_endpoint',
    },
    // A route whose target went is a black hole, not a hold.
    loose: ['gateway_id', 'nat_gateway_id', 'vpc_endpoint_id'],
    along: ['route_table_id'],
    unique: ['RouteAlreadyExists', 'route_table_id', 'destination_cidr_block', 'destination_ipv6_cidr_block', 'destination_prefix_list_id'],
    computed: (_, attributes) => routeTarget(attributes),
    importId: (attributes) => `${text(attributes['route_table_id'])}_${destinationOf(attributes)}`,
  },
  aws_route_table_association: {
    ...ec2('Route Table Association', 'RouteTable'),
    actions: ['AssociateRouteTable', 'DescribeRouteTables', 'ReplaceRouteTableAssociation', 'DisassociateRouteTable'],
    id: 'rtbassoc',
    refs: { subnet_id: 'aws_subnet', route_table_id: 'aws_route_table', gateway_id: 'aws_internet_gateway' },
    along: ['subnet_id', 'gateway_id'],
    unique: ['Resource.AlreadyAssociated', 'subnet_id', 'gateway_id'],
    importId: (attributes) => `${text(attributes['subnet_id']) || text(attributes['gateway_id'])}/${text(attributes['route_table_id'])}`,
  },
  aws_main_route_table_association: {
    ...ec2('Main Route Table Association', 'RouteTable'),
    id: 'rtbassoc',
    refs: { vpc_id: 'aws_vpc', route_table_id: 'aws_route_table' },
    along: ['vpc_id'],
  },
  aws_vpc_endpoint: {
    ...ec2('VPC Endpoint', 'VpcEndpoint'),
    actions: ['CreateVpcEndpoint', 'DescribeVpcEndpoints', 'ModifyVpcEndpoint', 'DeleteVpcEndpoints'],
    id: 'vpce',
    refs: { vpc_id: 'aws_vpc', route_table_ids: 'aws_route_table', subnet_ids: 'aws_subnet', security_group_ids: 'aws_security_group' },
    loose: ['route_table_ids', 'subnet_ids', 'security_group_ids'],
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `vpc-endpoint/${id}`),
      owner_id: world.store.accountId,
      state: 'available',
      requester_managed: false,
      prefix_list_id: attributes['vpc_endpoint_type'] === 'Gateway' ? 'pl-6da54004' : '',
      cidr_blocks: attributes['vpc_endpoint_type'] === 'Gateway' ? ['52.218.0.0/17'] : [],
      dns_entry: [],
      network_interface_ids: [],
      ip_address_type: attributes['vpc_endpoint_type'] === 'Gateway' ? '' : 'ipv4',
      private_dns_enabled: attributes['private_dns_enabled'] ?? false,
      policy:
        attributes['policy'] ?? '{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}',
    }),
    made: syncEndpointInterfaces,
    changed: syncEndpointInterfaces,
    gone: (world, endpoint) => releaseInterfaces(world, endpoint.id),
    missingCode: 'InvalidVpcEndpointId.NotFound',
    seconds: [90, 60, 60],
  },
  aws_vpc_endpoint_route_table_association: {
    ...ec2('VPC Endpoint Route Table Association', 'VpcEndpoint'),
    id: 'a-vpce',
    refs: { vpc_endpoint_id: 'aws_vpc_endpoint', route_table_id: 'aws_route_table' },
    along: ['vpc_endpoint_id', 'route_table_id'],
  },
  aws_flow_log: {
    ...ec2('Flow Log', 'FlowLogs'),
    actions: ['CreateFlowLogs', 'DescribeFlowLogs', 'CreateFlowLogs', 'DeleteFlowLogs'],
    id: 'fl',
    // A flow log outlives its VPC: AWS keeps it until it is deleted.
    refs: { vpc_id: 'aws_vpc', subnet_id: 'aws_subnet', iam_role_arn: 'aws_iam_role#arn' },
    loose: ['vpc_id', 'subnet_id', 'iam_role_arn'],
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `vpc-flow-log/${id}`),
      log_format:
        attributes['log_format'] ??
        '${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} ${packets} ${bytes} ${start} ${end} ${action} ${log-status}',
    }),
  },
  aws_vpc_dhcp_options: {
    ...ec2('DHCP Options', 'DhcpOptions'),
    id: 'dopt',
    computed: (world, _, id) => ({ arn: world.arn('ec2', `dhcp-options/${id}`), owner_id: world.store.accountId }),
  },
  aws_vpc_dhcp_options_association: {
    ...ec2('DHCP Options Association', 'DhcpOptions'),
    id: (_, attributes) => `${text(attributes['dhcp_options_id'])}-${text(attributes['vpc_id'])}`,
    refs: { vpc_id: 'aws_vpc', dhcp_options_id: 'aws_vpc_dhcp_options' },
    along: ['vpc_id'],
  },
  aws_network_acl: {
    ...ec2('Network ACL', 'NetworkAcl'),
    id: 'acl',
    refs: { vpc_id: 'aws_vpc', subnet_ids: 'aws_subnet' },
    loose: ['subnet_ids'],
    computed: (world, _, id) => ({ arn: world.arn('ec2', `network-acl/${id}`), owner_id: world.store.accountId, ingress: [], egress: [] }),
  },
  aws_default_network_acl: {
    ...ec2('Default Network ACL', 'NetworkAcl'),
    id: (_, attributes) => text(attributes['default_network_acl_id']),
    refs: { default_network_acl_id: 'aws_network_acl' },
    along: ['default_network_acl_id'],
    adopted: true,
  },
  aws_network_acl_rule: {
    ...ec2('Network ACL Rule', 'NetworkAclEntry'),
    id: 'nacl',
    refs: { network_acl_id: 'aws_network_acl' },
    along: ['network_acl_id'],
  },
};
