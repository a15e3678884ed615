/** Security groups, IAM and KMS. */
import { type Kind, type Kinds, nameOf, refuse, type World } from './kind.ts';
import { type Attributes, type Resource, text, valuesAt } from './store.ts';

const group = (label: string): Pick<Kind, 'service' | 'label' | 'actions' | 'missingCode'> => ({
  service: 'EC2',
  label: `VPC ${label}`,
  actions: ['AuthorizeSecurityGroupIngress', 'DescribeSecurityGroupRules', 'ModifySecurityGroupRules', 'RevokeSecurityGroupIngress'],
  missingCode: 'InvalidSecurityGroupRuleId.NotFound',
});

const iam = (label: string, noun: string): Pick<Kind, 'service' | 'label' | 'actions' | 'missingCode' | 'heldCode' | 'seconds'> => ({
  service: 'IAM',
  label: `IAM ${label}`,
  actions: [`Create${noun}`, `Get${noun}`, `Update${noun}`, `Delete${noun}`],
  missingCode: 'NoSuchEntity',
  heldCode: 'DeleteConflict',
  seconds: [1, 1, 1],
});

/** Two rules of one group that let in the same: AWS refuses the second, whatever it is called or described as. */
const RULE = [
  'security_group_id',
  'ip_protocol',
  'from_port',
  'to_port',
  'cidr_ipv4',
  'cidr_ipv6',
  'prefix_list_id',
  'referenced_security_group_id',
] as const;

function rule(direction: 'ingress' | 'egress'): Kind {
  return {
    ...group(`Security Group ${direction === 'ingress' ? 'Ingress' : 'Egress'} Rule`),
    id: 'sgr',
    refs: { security_group_id: 'aws_security_group', referenced_security_group_id: 'aws_security_group' },
    along: ['security_group_id'],
    unique: ['InvalidPermission.Duplicate', ...RULE],
    computed: (world, _, id) => ({ arn: world.arn('ec2', `security-group-rule/${id}`), security_group_rule_id: id }),
  };
}

/** A policy AWS would not take: no JSON, or no statement. */
function checkPolicy(attributes: Attributes, name: string): void {
  const policy = text(attributes[name]);
  if (policy === '') return;
  try {
    if ('Statement' in (JSON.parse(policy) as object)) return;
  } catch {
    // falls to the refusal
  }
  refuse('MalformedPolicyDocument', 'Syntax errors in policy.');
}

function usersOf(world: World, role: Resource): string | undefined {
  const name = role.attributes['name'];
  const by = (type: string): boolean => world.store.list(type).some((one) => one.attributes['role'] === name);
  if (by('aws_iam_role_policy_attachment')) return 'Cannot delete entity, must detach all policies first.';
  if (by('aws_iam_role_policy')) return 'Cannot delete entity, must delete policies first.';
  if (by('aws_iam_instance_profile')) return 'Cannot delete entity, must remove roles from instance profile first.';
  return undefined;
}

const named = (world: World, attributes: Attributes): string => nameOf(world, attributes);

export const SECURITY_KINDS: Kinds = {
  aws_security_group: {
    service: 'EC2',
    label: 'Security Group',
    actions: ['CreateSecurityGroup', 'DescribeSecurityGroups', 'ModifySecurityGroupRules', 'DeleteSecurityGroup'],
    id: 'sg',
    refs: { vpc_id: 'aws_vpc', 'ingress.security_groups': 'aws_security_group', 'egress.security_groups': 'aws_security_group' },
    unique: ['InvalidGroup.Duplicate', 'vpc_id', 'name'],
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `security-group/${id}`),
      owner_id: world.store.accountId,
      name: nameOf(world, attributes),
      name_prefix: attributes['name_prefix'] ?? '',
      ingress: attributes['ingress'] ?? [],
      egress: attributes['egress'] ?? [],
    }),
    held: (world, one) => {
      const card = world.store
        .list('aws_network_interface')
        .find((candidate) => valuesAt(candidate.attributes, 'security_groups').includes(one.id));
      return card && `resource ${one.id} has a dependent object`;
    },
    missingCode: 'InvalidGroup.NotFound',
    seconds: [1, 1, 1],
  },
  aws_default_security_group: {
    service: 'EC2',
    label: 'Default Security Group',
    actions: ['DescribeSecurityGroups', 'DescribeSecurityGroups', 'RevokeSecurityGroupIngress', 'DescribeSecurityGroups'],
    id: (world, attributes) => text(world.store.get('aws_vpc', text(attributes['vpc_id']))?.attributes['default_security_group_id']),
    refs: { vpc_id: 'aws_vpc' },
    along: ['vpc_id'],
    adopted: true,
    computed: (world, attributes, id) => ({
      arn: world.arn('ec2', `security-group/${id}`),
      owner_id: world.store.accountId,
      name: 'default',
      name_prefix: '',
      description: 'default VPC security group',
      ingress: attributes['ingress'] ?? [],
      egress: attributes['egress'] ?? [],
    }),
  },
  aws_vpc_security_group_ingress_rule: rule('ingress'),
  aws_vpc_security_group_egress_rule: rule('egress'),
  aws_security_group_rule: {
    ...group('Security Group Rule'),
    id: (world) => `sgrule-${world.store.number(4294967295)}`,
    refs: { security_group_id: 'aws_security_group', source_security_group_id: 'aws_security_group' },
    along: ['security_group_id'],
    computed: (world) => ({ security_group_rule_id: `sgr-0${world.store.hex(16)}` }),
  },
  aws_iam_role: {
    ...iam('Role', 'Role'),
    id: named,
    unique: ['EntityAlreadyExists', 'name'],
    check: (_, attributes) => checkPolicy(attributes, 'assume_role_policy'),
    computed: (world, attributes, id) => ({
      name: id,
      name_prefix: attributes['name_prefix'] ?? '',
      arn: world.globalArn('iam', `role${text(attributes['path']) || '/'}${id}`),
      unique_id: `AROA${world.store.hex(17).toUpperCase()}`,
      create_date: '2026-01-01T00:00:00Z',
      managed_policy_arns: [],
      inline_policy: [],
    }),
    held: usersOf,
  },
  aws_iam_policy: {
    ...iam('Policy', 'Policy'),
    id: (world, attributes) => world.globalArn('iam', `policy${text(attributes['path']) || '/'}${nameOf(world, attributes)}`),
    unique: ['EntityAlreadyExists', 'name'],
    check: (_, attributes) => checkPolicy(attributes, 'policy'),
    computed: (world, _, id) => ({
      arn: id,
      name: id.split('/').at(-1),
      policy_id: `ANPA${world.store.hex(17).toUpperCase()}`,
      attachment_count: 0,
      name_prefix: '',
    }),
  },
  aws_iam_role_policy: {
    ...iam('Role Policy', 'RolePolicy'),
    actions: ['PutRolePolicy', 'GetRolePolicy', 'PutRolePolicy', 'DeleteRolePolicy'],
    id: (world, attributes) => `${text(attributes['role'])}:${nameOf(world, attributes)}`,
    refs: { role: 'aws_iam_role' },
    check: (_, attributes) => checkPolicy(attributes, 'policy'),
    computed: (_, attributes, id) => ({ name: id.split(':').at(-1), name_prefix: attributes['name_prefix'] ?? '' }),
  },
  aws_iam_role_policy_attachment: {
    ...iam('Role Policy Attachment', 'RolePolicy'),
    actions: ['AttachRolePolicy', 'ListAttachedRolePolicies', 'AttachRolePolicy', 'DetachRolePolicy'],
    id: (_, attributes) => `${text(attributes['role'])}/${text(attributes['policy_arn'])}`,
    refs: { role: 'aws_iam_role' },
    check: (world, attributes) => {
      const arn = text(attributes['policy_arn']);
      if (!arn.includes(':iam::aws:policy/') && !world.store.get('aws_iam_policy', arn))
        refuse('NoSuchEntity', `Policy ${arn} does not exist or is not attachable.`);
    },
  },
  aws_iam_instance_profile: {
    ...iam('Instance Profile', 'InstanceProfile'),
    id: named,
    refs: { role: 'aws_iam_role' },
    unique: ['EntityAlreadyExists', 'name'],
    computed: (world, attributes, id) => ({
      name: id,
      name_prefix: attributes['name_prefix'] ?? '',
      arn: world.globalArn('iam', `instance-profile${text(attributes['path']) || '/'}${id}`),
      unique_id: `AIPA${world.store.hex(17).toUpperCase()}`,
      create_date: '2026-01-01T00:00:00Z',
    }),
  },
  aws_iam_openid_connect_provider: {
    ...iam('OIDC Provider', 'OpenIDConnectProvider'),
    id: (world, attributes) => world.globalArn('iam', `oidc-provider/${text(attributes['url']).replace('https://', '')}`),
    unique: ['EntityAlreadyExists', 'url'],
    computed: (_, attributes, id) => ({
      arn: id,
      thumbprint_list: attributes['thumbprint_list'] ?? ['9e99a48a9960b14926bb7f3b02e22da2b0ab7280'],
    }),
  },
  aws_kms_key: {
    service: 'KMS',
    label: 'KMS Key',
    actions: ['CreateKey', 'DescribeKey', 'PutKeyPolicy', 'ScheduleKeyDeletion'],
    id: (world) => `${world.store.hex(8)}-${world.store.hex(4)}-4${world.store.hex(3)}-8${world.store.hex(3)}-${world.store.hex(12)}`,
    check: (_, attributes) => checkPolicy(attributes, 'policy'),
    computed: (world, attributes, id) => ({
      arn: world.arn('kms', `key/${id}`),
      key_id: id,
      description: attributes['description'] ?? '',
      multi_region: false,
      rotation_period_in_days: attributes['enable_key_rotation'] === true ? (attributes['rotation_period_in_days'] ?? 365) : null,
      policy:
        attributes['policy'] ??
        JSON.stringify({
          Version: '2012-10-17',
          Statement: [{ Effect: 'Allow', Principal: { AWS: world.globalArn('iam', 'root') }, Action: 'kms:*', Resource: '*' }],
        }),
    }),
    // Deletion is scheduled, and its aliases with it.
    gone: (world, key) => {
      for (const alias of world.store.list('aws_kms_alias'))
        if (alias.attributes['target_key_id'] === key.id) world.unmake('aws_kms_alias', alias.id);
    },
    missingCode: 'NotFoundException',
    seconds: [2, 1, 1],
  },
  aws_kms_alias: {
    service: 'KMS',
    label: 'KMS Alias',
    actions: ['CreateAlias', 'ListAliases', 'UpdateAlias', 'DeleteAlias'],
    id: (world, attributes) => nameOf(world, attributes),
    unique: ['AlreadyExistsException', 'name'],
    check: (world, attributes) => {
      const target = text(attributes['target_key_id']);
      if (!world.store.list('aws_kms_key').some((key) => key.id === target || key.attributes['arn'] === target))
        refuse('NotFoundException', `Key '${target}' does not exist`);
    },
    computed: (world, attributes, id) => ({
      name: id,
      arn: world.arn('kms', id),
      target_key_arn: text(attributes['target_key_id']).startsWith('arn:')
        ? attributes['target_key_id']
        : world.arn('kms', `key/${text(attributes['target_key_id'])}`),
    }),
    missingCode: 'NotFoundException',
  },
};
