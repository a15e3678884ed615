/** Load balancers and target groups that controllers made; what Resource Groups Tagging lists is confirmed by their own service. */
import type { Aws } from './aws.ts';
import { awsCodeOf } from './failure.ts';
import type { Leftover, LeftoverScope } from './leftover.ts';
import { clusterTags, proofOf } from './ownership.ts';
import { callQuery, numbered } from './query.ts';
import { findTagged, type Tagged } from './tagged.ts';
import { listOf, textOf, type XmlNode } from './xml.ts';

const V2 = { service: 'elasticloadbalancing', version: '2015-12-01' } as const;
const CLASSIC = { service: 'elasticloadbalancing', version: '2012-06-01' } as const;

/** The newer ones have a path in their name: `loadbalancer/app/NAME/ID`. */
const BALANCER_ARN = /:loadbalancer\/(?:app|net|gwy)\/([^/]+)\//;
const CLASSIC_ARN = /:loadbalancer\/([^/]+)$/;
const TARGET_GROUP_ARN = /:targetgroup\/([^/]+)\//;

interface Candidate {
  readonly arn: string;
  readonly name: string;
  readonly proof: string;
}

async function candidates(
  aws: Aws,
  { pattern, scope }: { readonly pattern: RegExp; readonly scope: LeftoverScope },
  signal: AbortSignal,
): Promise<readonly Candidate[]> {
  const filters = clusterTags(scope.cluster).map(({ key, value }) => ({ key, values: [value] }));
  const pages = await Promise.all(filters.map((filter) => findTagged(aws, filter, signal)));
  const distinct = new Map(pages.flat().map((each) => [each.arn, each]));
  return [...distinct.values()].flatMap((each) => toCandidate(each, pattern, scope));
}

function toCandidate({ arn, tags }: Tagged, pattern: RegExp, { cluster, managed }: LeftoverScope): readonly Candidate[] {
  const name = pattern.exec(arn)?.[1];
  const proof = proofOf(tags, cluster);
  return name === undefined || proof === undefined || managed.has(arn) || managed.has(name) ? [] : [{ arn, name, proof }];
}

export async function findBalancers(aws: Aws, scope: LeftoverScope, signal: AbortSignal): Promise<readonly Leftover[]> {
  const found = await candidates(aws, { pattern: BALANCER_ARN, scope }, signal);
  const confirmed = await Promise.all(
    found.map(async ({ arn, name, proof }) => {
      const params = numbered('LoadBalancerArns.member', [arn]);
      const answer = await orGone(() => callQuery(aws, { ...V2, action: 'DescribeLoadBalancers', params, object: name }, signal));
      const [item] = listOf(answer, 'DescribeLoadBalancersResult', 'LoadBalancers', 'member');
      return isIn(item, scope, 'VpcId') ? [{ kind: 'load-balancer' as const, id: arn, name, proof }] : [];
    }),
  );
  return confirmed.flat();
}

export async function findClassicBalancers(aws: Aws, scope: LeftoverScope, signal: AbortSignal): Promise<readonly Leftover[]> {
  const found = await candidates(aws, { pattern: CLASSIC_ARN, scope }, signal);
  const confirmed = await Promise.all(
    found.map(async ({ name, proof }) => {
      const params = numbered('LoadBalancerNames.member', [name]);
      const answer = await orGone(() => callQuery(aws, { ...CLASSIC, action: 'DescribeLoadBalancers', params, object: name }, signal));
      const [item] = listOf(answer, 'DescribeLoadBalancersResult', 'LoadBalancerDescriptions', 'member');
      return isIn(item, scope, 'VPCId') ? [{ kind: 'classic-load-balancer' as const, id: name, name, proof }] : [];
    }),
  );
  return confirmed.flat();
}

export async function findTargetGroups(aws: Aws, scope: LeftoverScope, signal: AbortSignal): Promise<readonly Leftover[]> {
  const found = await candidates(aws, { pattern: TARGET_GROUP_ARN, scope }, signal);
  const confirmed = await Promise.all(
    found.map(async ({ arn, name, proof }) => {
      const params = numbered('TargetGroupArns.member', [arn]);
      const answer = await orGone(() => callQuery(aws, { ...V2, action: 'DescribeTargetGroups', params, object: name }, signal));
      const [item] = listOf(answer, 'DescribeTargetGroupsResult', 'TargetGroups', 'member');
      return isIn(item, scope, 'VpcId') ? [{ kind: 'target-group' as const, id: arn, name, proof }] : [];
    }),
  );
  return confirmed.flat();
}

function isIn(item: XmlNode | undefined, { vpcId }: LeftoverScope, field: string): boolean {
  if (item === undefined) return false;
  const actual = textOf(item, field);
  return vpcId === undefined || actual === undefined || actual === '' || actual === vpcId;
}

const GONE: ReadonlySet<string | undefined> = new Set([
  'LoadBalancerNotFound',
  'TargetGroupNotFound',
  'AccessPointNotFound',
  'LoadBalancerNotFoundException',
  'TargetGroupNotFoundException',
]);

async function orGone(ask: () => Promise<XmlNode>): Promise<XmlNode | undefined> {
  try {
    return await ask();
  } catch (thrown) {
    if (GONE.has(awsCodeOf(thrown))) return undefined;
    throw thrown;
  }
}

export async function deleteBalancer(aws: Aws, { id, name }: Leftover, signal: AbortSignal): Promise<boolean> {
  await orGone(() => callQuery(aws, { ...V2, action: 'DeleteLoadBalancer', params: { LoadBalancerArn: id }, object: name }, signal));
  return true;
}

export async function deleteClassicBalancer(aws: Aws, { id }: Leftover, signal: AbortSignal): Promise<boolean> {
  await orGone(() => callQuery(aws, { ...CLASSIC, action: 'DeleteLoadBalancer', params: { LoadBalancerName: id }, object: id }, signal));
  return true;
}

/** `false` while a listener that is going still uses it. */
export async function deleteTargetGroup(aws: Aws, { id, name }: Leftover, signal: AbortSignal): Promise<boolean> {
  try {
    await orGone(() => callQuery(aws, { ...V2, action: 'DeleteTargetGroup', params: { TargetGroupArn: id }, object: name }, signal));
    return true;
  } catch (thrown) {
    if (awsCodeOf(thrown) === 'ResourceInUse' || awsCodeOf(thrown) === 'ResourceInUseException') return false;
    throw thrown;
  }
}
