/** The kinds of leftovers, in the order in which they have to go: how each is found, proven, and deleted. */
import type { Aws } from './aws.ts';
import {
  findBalancers,
  findTargetGroups,
  deleteBalancer,
  deleteClassicBalancer,
  deleteTargetGroup,
  findClassicBalancers,
} from './balancers.ts';
import { deleteEc2, describeEc2, type DescribeOptions, tagsOfItem } from './ec2.ts';
import type { Leftover, LeftoverKind, LeftoverScope } from './leftover.ts';
import { clusterTags, proofOf, type Tags } from './ownership.ts';
import { listOf, textOf, type XmlNode } from './xml.ts';

export interface KindOfLeftover {
  readonly kind: LeftoverKind;
  find(aws: Aws, scope: LeftoverScope, signal: AbortSignal): Promise<readonly Leftover[]>;
  /** `false`: something else has to go first. */
  delete(aws: Aws, leftover: Leftover, signal: AbortSignal): Promise<boolean>;
}

interface Ec2Kind {
  readonly kind: LeftoverKind;
  readonly describe: Omit<DescribeOptions, 'filters'>;
  /** Of the item: `volumeId`. */
  readonly id: string;
  /** Name of the filter that keeps it to one VPC. */
  readonly vpcFilter?: string;
  readonly delete: { readonly action: string; readonly param: string };
  /** More than a tag. */
  isLeft?(item: XmlNode, tags: Tags): boolean;
  /** The instance that it is attached to: as long as that one lives, the thing is in use and not left over. */
  holder?(item: XmlNode): string | undefined;
}

/** By tag, in the VPC; each found thing is shown by the call that also knows its present state. */
function ec2Kind(spec: Ec2Kind): KindOfLeftover {
  return {
    kind: spec.kind,
    find: async (aws, scope, signal) => {
      const place = spec.vpcFilter !== undefined && scope.vpcId !== undefined ? { [spec.vpcFilter]: [scope.vpcId] } : {};
      const pages = await Promise.all(
        clusterTags(scope.cluster).map(({ key, value }) =>
          describeEc2(aws, { ...spec.describe, filters: { [`tag:${key}`]: [value], ...place } }, signal),
        ),
      );
      const items = await withoutLivingHolder(aws, { items: pages.flat(), spec }, signal);
      return distinct(items.flatMap((item) => toLeftover(item, spec, scope)));
    },
    delete: (aws, { id }, signal) =>
      deleteEc2(aws, { action: spec.delete.action, params: { [spec.delete.param]: id }, object: id }, signal),
  };
}

async function withoutLivingHolder(
  aws: Aws,
  { items, spec }: { readonly items: readonly XmlNode[]; readonly spec: Ec2Kind },
  signal: AbortSignal,
): Promise<readonly XmlNode[]> {
  const holders = [...new Set(items.flatMap((item) => spec.holder?.(item) ?? []))];
  if (holders.length === 0) return items;
  const filters = { 'instance-id': holders, 'instance-state-name': ['pending', 'running', 'stopping', 'stopped'] };
  const reservations = await describeEc2(aws, { action: 'DescribeInstances', set: 'reservationSet', filters }, signal);
  const living = new Set(reservations.flatMap((each) => listOf(each, 'instancesSet', 'item')).map((item) => textOf(item, 'instanceId')));
  return items.filter((item) => !living.has(spec.holder?.(item)));
}

function toLeftover(item: XmlNode, spec: Ec2Kind, { cluster, managed }: LeftoverScope): readonly Leftover[] {
  const id = textOf(item, spec.id);
  const tags = tagsOfItem(item);
  const proof = proofOf(tags, cluster);
  if (id === undefined || proof === undefined || managed.has(id) || spec.isLeft?.(item, tags) === false) return [];
  return [{ kind: spec.kind, id, name: tags['Name'] ?? textOf(item, 'groupName') ?? id, proof }];
}

function distinct(found: readonly Leftover[]): readonly Leftover[] {
  return [...new Map(found.map((each) => [each.id, each])).values()];
}

/** A root volume of a node bears the cluster's tag as well: only what the volume drivers made is a leftover. */
function isDynamicVolume(tags: Tags): boolean {
  return 'kubernetes.io/created-for/pvc/name' in tags || 'CSIVolumeName' in tags;
}

const ENDED: ReadonlySet<string | undefined> = new Set(['terminated', 'shutting-down']);

export const KINDS: readonly KindOfLeftover[] = [
  { kind: 'load-balancer', find: findBalancers, delete: deleteBalancer },
  { kind: 'classic-load-balancer', find: findClassicBalancers, delete: deleteClassicBalancer },
  { kind: 'target-group', find: findTargetGroups, delete: deleteTargetGroup },
  {
    kind: 'instance',
    find: async (aws, scope, signal) => {
      const place = scope.vpcId === undefined ? {} : { 'vpc-id': [scope.vpcId] };
      const filters = { [`tag:kubernetes.io/cluster/${scope.cluster}`]: ['owned'], 'tag-key': ['karpenter.sh/nodepool'], ...place };
      const reservations = await describeEc2(aws, { action: 'DescribeInstances', set: 'reservationSet', filters }, signal);
      const spec = { ...INSTANCE, isLeft: (item: XmlNode) => !ENDED.has(textOf(item, 'instanceState', 'name')) };
      return reservations.flatMap((each) => listOf(each, 'instancesSet', 'item')).flatMap((item) => toLeftover(item, spec, scope));
    },
    delete: (aws, { id }, signal) => deleteEc2(aws, { action: 'TerminateInstances', params: { 'InstanceId.1': id }, object: id }, signal),
  },
  ec2Kind({
    kind: 'network-interface',
    describe: { action: 'DescribeNetworkInterfaces', set: 'networkInterfaceSet' },
    ...{ id: 'networkInterfaceId', vpcFilter: 'vpc-id', delete: { action: 'DeleteNetworkInterface', param: 'NetworkInterfaceId' } },
    isLeft: (item) => textOf(item, 'requesterManaged') !== 'true',
    holder: (item) => textOf(item, 'attachment', 'instanceId'),
  }),
  ec2Kind({
    kind: 'volume',
    describe: { action: 'DescribeVolumes', set: 'volumeSet' },
    ...{ id: 'volumeId', delete: { action: 'DeleteVolume', param: 'VolumeId' } },
    isLeft: (_item, tags) => isDynamicVolume(tags),
    holder: (item) => textOf(item, 'attachmentSet', 'item', 'instanceId'),
  }),
  ec2Kind({
    kind: 'snapshot',
    describe: { action: 'DescribeSnapshots', set: 'snapshotSet' },
    ...{ id: 'snapshotId', delete: { action: 'DeleteSnapshot', param: 'SnapshotId' } },
    isLeft: (_item, tags) => 'CSIVolumeSnapshotName' in tags,
  }),
  ec2Kind({
    kind: 'security-group',
    describe: { action: 'DescribeSecurityGroups', set: 'securityGroupInfo' },
    ...{ id: 'groupId', vpcFilter: 'vpc-id', delete: { action: 'DeleteSecurityGroup', param: 'GroupId' } },
  }),
];

const INSTANCE: Ec2Kind = {
  kind: 'instance',
  describe: { action: 'DescribeInstances', set: 'reservationSet' },
  id: 'instanceId',
  delete: { action: 'TerminateInstances', param: 'InstanceId.1' },
};
