/** Firewall rules that name a security group which is to go: AWS deletes no group that another one refers to. */
import type { Aws } from './aws.ts';
import { deleteEc2, describeEc2, tagsOfItem } from './ec2.ts';
import type { LeftoverScope } from './leftover.ts';
import { listOf, textOf, type XmlNode } from './xml.ts';

/** Takes back the rules in groups of the cluster alone; a rule in a group of someone else stays, and with it the group that it names. */
export async function releaseSecurityGroup(
  aws: Aws,
  { group, scope }: { readonly group: string; readonly scope: LeftoverScope },
  signal: AbortSignal,
): Promise<void> {
  const filters = { 'ip-permission.group-id': [group] };
  const referring = await describeEc2(aws, { action: 'DescribeSecurityGroups', set: 'securityGroupInfo', filters }, signal);
  for (const other of referring.filter((each) => isOfCluster(each, scope))) await revoke(aws, { other, group }, signal);
}

function isOfCluster(group: XmlNode, { cluster, managed }: LeftoverScope): boolean {
  const tags = tagsOfItem(group);
  const marks = [
    `kubernetes.io/cluster/${cluster}` in tags,
    tags['aws:eks:cluster-name'] === cluster,
    tags['elbv2.k8s.aws/cluster'] === cluster,
  ];
  return marks.includes(true) || managed.has(textOf(group, 'groupId') ?? '');
}

async function revoke(aws: Aws, { other, group }: { readonly other: XmlNode; readonly group: string }, signal: AbortSignal): Promise<void> {
  const id = textOf(other, 'groupId') ?? '';
  const rules = listOf(other, 'ipPermissions', 'item').filter((rule) =>
    listOf(rule, 'groups', 'item').some((pair) => textOf(pair, 'groupId') === group),
  );
  for (const rule of rules) {
    const params = { GroupId: id, ...permission(rule), 'IpPermissions.1.Groups.1.GroupId': group };
    await deleteEc2(aws, { action: 'RevokeSecurityGroupIngress', params, object: id }, signal);
  }
}

function permission(rule: XmlNode): Record<string, string> {
  const [protocol, from, to] = ['ipProtocol', 'fromPort', 'toPort'].map((field) => textOf(rule, field));
  return {
    'IpPermissions.1.IpProtocol': protocol ?? '-1',
    ...(from !== undefined && { 'IpPermissions.1.FromPort': from }),
    ...(to !== undefined && { 'IpPermissions.1.ToPort': to }),
  };
}
