/** Services that speak JSON 1.1: Resource Groups Tagging, CloudWatch Logs. */
import { type ApiCall, json, unanswered } from './api-answer.ts';
import type { Wire } from './provider-wire.ts';
import type { HttpAnswer } from './server.ts';
import { type Resource, tagsOf, text } from './store.ts';

interface TagFilter {
  readonly Key: string;
  readonly Values?: readonly string[];
}

interface GetResources {
  readonly TagFilters?: readonly TagFilter[];
  readonly ResourceTypeFilters?: readonly string[];
  readonly ResourcesPerPage?: number;
  readonly PaginationToken?: string;
}

/** What the service does not list although it has tags (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html). */
const UNLISTED = new Set([
  'aws_autoscaling_group',
  'aws_iam_role',
  'aws_iam_policy',
  'aws_iam_instance_profile',
  'aws_iam_openid_connect_provider',
]);

const arnOf = (one: Resource, account: string): string =>
  text(one.attributes['arn']) || `arn:aws:ec2:${one.region}:${account}:${one.type.slice(4).replaceAll('_', '-')}/${one.id}`;

/** `ec2`, or `ec2:volume`. */
const ofType = (arn: string, filter: string): boolean => {
  const [, , service = '', , , rest = ''] = arn.split(':');
  const [wanted, kind] = filter.split(':');
  return service === wanted && (kind === undefined || rest.split('/')[0] === kind);
};

export function answerTagging({ account }: Wire, call: ApiCall): HttpAnswer {
  if (call.action !== 'GetResources') return unanswered(call);
  const ask = JSON.parse(call.request.body.toString()) as GetResources;
  const found = account
    .listed()
    .filter((one) => one.region === call.region && !UNLISTED.has(one.type) && Object.keys(tagsOf(one)).length > 0)
    .filter((one) =>
      (ask.TagFilters ?? []).every(
        ({ Key, Values }) => Key in tagsOf(one) && (Values === undefined || Values.length === 0 || Values.includes(tagsOf(one)[Key] ?? '')),
      ),
    )
    .map((one) => ({
      ResourceARN: arnOf(one, account.store.accountId),
      Tags: Object.entries(tagsOf(one)).map(([Key, Value]) => ({ Key, Value })),
    }))
    .filter(
      ({ ResourceARN }) =>
        (ask.ResourceTypeFilters ?? []).length === 0 || ask.ResourceTypeFilters?.some((filter) => ofType(ResourceARN, filter)),
    );
  const start = Number(ask.PaginationToken || 0);
  const end = start + (ask.ResourcesPerPage ?? 50);
  return json({ ResourceTagMappingList: found.slice(start, end), PaginationToken: end < found.length ? String(end) : '' });
}

export function answerLogs({ account }: Wire, call: ApiCall): HttpAnswer {
  const ask = JSON.parse(call.request.body.toString()) as { readonly logGroupNamePrefix?: string; readonly logGroupName?: string };
  switch (call.action) {
    case 'DescribeLogGroups': {
      const found = account.store
        .list('aws_cloudwatch_log_group')
        .filter((one) => one.region === call.region && one.id.startsWith(ask.logGroupNamePrefix ?? ''));
      return json({
        logGroups: found.map((one) => ({
          logGroupName: one.id,
          arn: `${text(one.attributes['arn'])}:*`,
          retentionInDays: one.attributes['retention_in_days'] || undefined,
        })),
      });
    }
    case 'DeleteLogGroup':
      account.remove('aws_cloudwatch_log_group', ask.logGroupName ?? '');
      return { status: 200, body: '' };
    default:
      return unanswered(call);
  }
}
