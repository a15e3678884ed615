/** Auto Scaling's Query API (2011-01-01), as far as hosts are looked at and replaced. */
import { randomUUID } from 'node:crypto';
import { type ApiCall, unanswered, xml } from './api-answer.ts';
import type { Wire } from './provider-wire.ts';
import type { HttpAnswer } from './server.ts';
import { type Resource, tagsOf, text, valuesAt } from './store.ts';
import type { Xml } from './xml.ts';

const members = (values: readonly Xml[]): Xml => ({ member: values });
const answer = ({ action }: ApiCall, result: Xml): HttpAnswer =>
  xml(`${action}Response`, { [`${action}Result`]: result, ResponseMetadata: { RequestId: randomUUID() } });

function groupXml({ account }: Wire, one: Resource): Xml {
  const instances = account.store.list('aws_instance').filter((instance) => instance.attributes['owned_by'] === one.id);
  return {
    AutoScalingGroupName: one.id,
    AutoScalingGroupARN: text(one.attributes['arn']),
    MinSize: Number(one.attributes['min_size'] ?? 0),
    MaxSize: Number(one.attributes['max_size'] ?? 0),
    DesiredCapacity: Number(one.attributes['desired_capacity'] ?? 0),
    VPCZoneIdentifier: valuesAt(one.attributes, 'vpc_zone_identifier').map(text).join(','),
    Instances: members(
      instances.map((instance) => ({
        InstanceId: instance.id,
        AvailabilityZone: text(instance.attributes['availability_zone']),
        LifecycleState: 'InService',
        HealthStatus: 'Healthy',
        ProtectedFromScaleIn: false,
      })),
    ),
    Tags: members(
      Object.entries(tagsOf(one)).map(([Key, Value]) => ({ Key, Value, ResourceId: one.id, ResourceType: 'auto-scaling-group' })),
    ),
  };
}

export function answerAutoScaling(wire: Wire, call: ApiCall): HttpAnswer {
  const wanted = [...call.form].filter(([key]) => key.startsWith('AutoScalingGroupNames.member.')).map(([, value]) => value);
  const name = call.form.get('AutoScalingGroupName') ?? '';
  switch (call.action) {
    case 'DescribeAutoScalingGroups': {
      const found = wire.account.store
        .list('aws_autoscaling_group')
        .filter((one) => one.region === call.region && (wanted.length === 0 || wanted.includes(one.id)));
      return answer(call, { AutoScalingGroups: members(found.map((one) => groupXml(wire, one))) });
    }
    case 'DeleteAutoScalingGroup':
      wire.account.remove('aws_autoscaling_group', name);
      return answer(call, {});
    case 'UpdateAutoScalingGroup': {
      const sizes = (
        [
          ['min_size', 'MinSize'],
          ['max_size', 'MaxSize'],
          ['desired_capacity', 'DesiredCapacity'],
        ] as const
      ).flatMap(([key, parameter]) => (call.form.has(parameter) ? [[key, Number(call.form.get(parameter))] as const] : []));
      wire.account.update('aws_autoscaling_group', name, {
        ...wire.account.require('aws_autoscaling_group', name).attributes,
        ...Object.fromEntries(sizes),
      });
      return answer(call, {});
    }
    default:
      return unanswered(call);
  }
}
