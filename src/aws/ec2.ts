/** EC2's Query API: lists in pages, and deletes for which "already gone" is success. */
import type { Aws } from './aws.ts';
import { awsCodeOf } from './failure.ts';
import { callQuery, numbered } from './query.ts';
import { listOf, textOf, type XmlNode } from './xml.ts';

const VERSION = '2016-11-15';

export interface DescribeOptions {
  /** `DescribeVolumes`. */
  readonly action: string;
  /** Element of the answer that holds the items: `volumeSet`. */
  readonly set: string;
  /** All must hold; of the values one: `{ 'vpc-id': ['vpc-1'] }`. */
  readonly filters: Readonly<Record<string, readonly string[]>>;
}

export async function describeEc2(aws: Aws, { action, set, filters }: DescribeOptions, signal: AbortSignal): Promise<readonly XmlNode[]> {
  const named = Object.entries(filters).flatMap(([name, values], index) => [
    { [`Filter.${index + 1}.Name`]: name },
    numbered(`Filter.${index + 1}.Value`, values),
  ]);
  const items: XmlNode[] = [];
  let token: string | undefined;
  do {
    const params = Object.assign({}, ...named, token === undefined ? {} : { NextToken: token }) as Record<string, string>;
    const page = await callQuery(aws, { service: 'ec2', version: VERSION, action, params }, signal);
    items.push(...listOf(page, set, 'item'));
    token = textOf(page, 'nextToken') || undefined;
  } while (token !== undefined);
  return items;
}

/** `false`: not yet, something still uses it. What is gone already is no error. */
export async function deleteEc2(
  aws: Aws,
  { action, params, object }: { readonly action: string; readonly params: Readonly<Record<string, string>>; readonly object: string },
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await callQuery(aws, { service: 'ec2', version: VERSION, action, params, object }, signal);
    return true;
  } catch (thrown) {
    const code = awsCodeOf(thrown) ?? '';
    if (/\.NotFound$|NotFound$/.test(code)) return true;
    if (
      /^(?:DependencyViolation|VolumeInUse|IncorrectState|InvalidParameterValue|InvalidGroup\.InUse|InvalidNetworkInterface\.InUse|InvalidSnapshot\.InUse|ResourceInUse)$/.test(
        code,
      )
    )
      return false;
    throw thrown;
  }
}

export function tagsOfItem(item: XmlNode): Readonly<Record<string, string>> {
  return Object.fromEntries(listOf(item, 'tagSet', 'item').map((tag) => [textOf(tag, 'key') ?? '', textOf(tag, 'value') ?? '']));
}
