/** Elastic Load Balancing: version 2 (2015-12-01) and the classic one (2012-06-01), under one host name. */
import { randomUUID } from 'node:crypto';
import { type ApiCall, unanswered, xml } from './api-answer.ts';
import type { Wire } from './provider-wire.ts';
import type { HttpAnswer } from './server.ts';
import { type Resource, tagsOf, text, valuesAt } from './store.ts';
import type { Xml } from './xml.ts';

const members = (values: readonly Xml[]): Xml => ({ member: values });
const answer = ({ action }: ApiCall, result: Xml): HttpAnswer =>
  xml(`${action}Response`, { [`${action}Result`]: result, ResponseMetadata: { RequestId: randomUUID() } });
const listed = (form: URLSearchParams, name: string): readonly string[] =>
  [...form].filter(([key]) => key.startsWith(`${name}.member.`)).map(([, value]) => value);
const tagsXml = (one: Resource): Xml => members(Object.entries(tagsOf(one)).map(([Key, Value]) => ({ Key, Value })));

function chosen(
  wire: Wire,
  call: ApiCall,
  type: string,
  { ids, names }: { readonly ids: string; readonly names: string },
): readonly Resource[] {
  const [wantedIds, wantedNames] = [listed(call.form, ids), listed(call.form, names)];
  for (const id of wantedIds) wire.account.require(type, id);
  return wire.account.store
    .list(type)
    .filter((one) => one.region === call.region)
    .filter(
      (one) =>
        (wantedIds.length === 0 || wantedIds.includes(one.id)) &&
        (wantedNames.length === 0 || wantedNames.includes(text(one.attributes['name']))),
    );
}

function paged(call: ApiCall, all: readonly Xml[], name: string): HttpAnswer {
  const start = Number(call.form.get('Marker') ?? 0);
  const end = start + Number(call.form.get('PageSize') ?? 400);
  return answer(call, { [name]: members(all.slice(start, end)), NextMarker: end < all.length ? String(end) : undefined });
}

const loadBalancer = (one: Resource): Xml => ({
  LoadBalancerArn: one.id,
  LoadBalancerName: text(one.attributes['name']),
  VpcId: text(one.attributes['vpc_id']),
  Type: text(one.attributes['load_balancer_type']) || 'application',
  State: { Code: 'active' },
  DNSName: text(one.attributes['dns_name']),
  Scheme: one.attributes['internal'] === true ? 'internal' : 'internet-facing',
  SecurityGroups: members(valuesAt(one.attributes, 'security_groups').map(text)),
});
const targetGroup = (one: Resource, { account }: Wire): Xml => ({
  TargetGroupArn: one.id,
  TargetGroupName: text(one.attributes['name']),
  VpcId: text(one.attributes['vpc_id']),
  LoadBalancerArns: members(
    account.store
      .list('aws_lb_listener')
      .filter((listener) => JSON.stringify(listener.attributes).includes(one.id))
      .map((listener) => text(listener.attributes['load_balancer_arn'])),
  ),
});

/** `DescribeTags` takes the ARNs of both kinds and refuses more than twenty at once. */
function describeTags(wire: Wire, call: ApiCall): HttpAnswer {
  const arns = listed(call.form, 'ResourceArns');
  const found = arns.map((arn) => wire.account.get('aws_lb', arn) ?? wire.account.require('aws_lb_target_group', arn));
  return answer(call, { TagDescriptions: members(found.map((one) => ({ ResourceArn: one.id, Tags: tagsXml(one) }))) });
}

function remove(wire: Wire, call: ApiCall, [type, id]: readonly [string, string | null]): HttpAnswer {
  if (wire.account.get(type, id ?? '')) wire.account.remove(type, id ?? '');
  return answer(call, {});
}

function answerClassic(wire: Wire, call: ApiCall): HttpAnswer {
  const all = chosen(wire, call, 'aws_elb', { ids: 'Never', names: 'LoadBalancerNames' });
  switch (call.action) {
    case 'DescribeLoadBalancers':
      return paged(
        call,
        all.map((one) => ({
          LoadBalancerName: one.id,
          VPCId: text(one.attributes['vpc_id']),
          DNSName: text(one.attributes['dns_name']),
          SecurityGroups: members(valuesAt(one.attributes, 'security_groups').map(text)),
        })),
        'LoadBalancerDescriptions',
      );
    case 'DescribeTags':
      return answer(call, { TagDescriptions: members(all.map((one) => ({ LoadBalancerName: one.id, Tags: tagsXml(one) }))) });
    case 'DeleteLoadBalancer':
      return remove(wire, call, ['aws_elb', call.form.get('LoadBalancerName')]);
    default:
      return unanswered(call);
  }
}

export function answerLoadBalancing(wire: Wire, call: ApiCall): HttpAnswer {
  if (call.form.get('Version') === '2012-06-01') return answerClassic(wire, call);
  switch (call.action) {
    case 'DescribeLoadBalancers':
      return paged(call, chosen(wire, call, 'aws_lb', { ids: 'LoadBalancerArns', names: 'Names' }).map(loadBalancer), 'LoadBalancers');
    case 'DescribeTargetGroups':
      return paged(
        call,
        chosen(wire, call, 'aws_lb_target_group', { ids: 'TargetGroupArns', names: 'Names' }).map((one) => targetGroup(one, wire)),
        'TargetGroups',
      );
    case 'DescribeListeners':
      return paged(
        call,
        wire.account.store
          .list('aws_lb_listener')
          .filter((one) => one.attributes['load_balancer_arn'] === call.form.get('LoadBalancerArn'))
          .map((one) => ({ ListenerArn: one.id, LoadBalancerArn: text(one.attributes['load_balancer_arn']) })),
        'Listeners',
      );
    case 'DescribeTags':
      return describeTags(wire, call);
    case 'DeleteLoadBalancer':
      return remove(wire, call, ['aws_lb', call.form.get('LoadBalancerArn')]);
    case 'DeleteTargetGroup':
      return remove(wire, call, ['aws_lb_target_group', call.form.get('TargetGroupArn')]);
    case 'DeleteListener':
      return remove(wire, call, ['aws_lb_listener', call.form.get('ListenerArn')]);
    default:
      return unanswered(call);
  }
}
