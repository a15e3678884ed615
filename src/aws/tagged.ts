/** One question for all services: which resources bear a tag (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html). */
import type { Aws } from './aws.ts';
import { callJson } from './query.ts';

export interface Tagged {
  readonly arn: string;
  readonly tags: Readonly<Record<string, string>>;
}

interface Page {
  readonly PaginationToken?: string;
  readonly ResourceTagMappingList?: readonly {
    readonly ResourceARN: string;
    readonly Tags?: readonly { readonly Key: string; readonly Value: string }[];
  }[];
}

/** What bears the tag with one of these values (none: any value). May lag behind the truth by minutes, and list what is gone: confirm before acting. */
export async function findTagged(
  aws: Aws,
  { key, values = [] }: { readonly key: string; readonly values?: readonly string[] },
  signal: AbortSignal,
): Promise<readonly Tagged[]> {
  const found: Tagged[] = [];
  let token = '';
  do {
    const filter = { Key: key, ...(values.length > 0 && { Values: values }) };
    const body = { TagFilters: [filter], ResourcesPerPage: 100, ...(token !== '' && { PaginationToken: token }) };
    const page = (await callJson(
      aws,
      { service: 'tagging', target: 'ResourceGroupsTaggingAPI_20170126', action: 'GetResources', body },
      signal,
    )) as Page;
    for (const { ResourceARN, Tags = [] } of page.ResourceTagMappingList ?? [])
      found.push({ arn: ResourceARN, tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])) });
    token = page.PaginationToken ?? '';
  } while (token !== '');
  return found;
}
