/** Everything in a bucket with all its versions, and taking away what lies below one prefix. */
import { SlipwayError } from '../core/errors.ts';
import type { Aws } from './aws.ts';
import type { AwsAnswer } from './call.ts';
import { type Bucket, callBucket, checksum, childDocument } from './s3.ts';
import { escapeXml, listOf, textOf, type XmlNode } from './xml.ts';

export interface ObjectVersion {
  readonly key: string;
  readonly versionId: string;
}

/** Versions and delete markers, in pages. */
export async function* listVersions(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: Bucket; readonly prefix: string },
  signal: AbortSignal,
): AsyncGenerator<readonly ObjectVersion[], void, undefined> {
  let marker: Readonly<Record<string, string>> | undefined = {};
  while (marker !== undefined) {
    const query = { versions: '', prefix, ...marker };
    const page = childDocument(await callBucket(aws, { bucket, action: 'ListBucketVersions', method: 'GET', path: '/', query }, signal));
    yield [...listOf(page, 'Version'), ...listOf(page, 'DeleteMarker')].map((entry) => ({
      key: textOf(entry, 'Key') ?? '',
      versionId: textOf(entry, 'VersionId') ?? 'null',
    }));
    marker = textOf(page, 'IsTruncated') === 'true' ? nextMarker(page) : undefined;
  }
}

function nextMarker(page: XmlNode): Readonly<Record<string, string>> {
  const [key, version] = [textOf(page, 'NextKeyMarker') ?? '', textOf(page, 'NextVersionIdMarker')];
  return { 'key-marker': key, ...(version !== undefined && { 'version-id-marker': version }) };
}

/** The first key, of any version, that is not below `prefix`; undefined when the bucket holds nothing else. */
export async function findForeignKey(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: Bucket; readonly prefix: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  for await (const page of listVersions(aws, { bucket, prefix: '' }, signal)) {
    const foreign = page.find(({ key }) => !key.startsWith(prefix));
    if (foreign) return foreign.key;
  }
  return undefined;
}

/** Deletes all versions below the prefix for good. Safe to call again. */
export async function deleteVersions(
  aws: Aws,
  { bucket, prefix }: { readonly bucket: Bucket; readonly prefix: string },
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0;
  for await (const page of listVersions(aws, { bucket, prefix }, signal)) {
    if (page.length === 0) continue;
    const objects = page.map(
      ({ key, versionId }) => `<Object><Key>${escapeXml(key)}</Key><VersionId>${escapeXml(versionId)}</VersionId></Object>`,
    );
    const body = Buffer.from(`<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Quiet>true</Quiet>${objects.join('')}</Delete>`);
    const call = { bucket, action: 'DeleteObjectVersion', method: 'POST', path: '/', query: { delete: '' } } as const;
    requireAllDeleted(await callBucket(aws, { ...call, body, headers: checksum(body) }, signal), bucket);
    deleted += page.length;
  }
  return deleted;
}

/** The call succeeds as a whole and says in its answer what it did not delete. */
function requireAllDeleted(answer: AwsAnswer, { name }: Bucket): void {
  const [error] = listOf(childDocument(answer), 'Error');
  if (error === undefined) return;
  const [code, key, message] = ['Code', 'Key', 'Message'].map((field) => textOf(error, field) ?? '');
  const text = `s3:DeleteObjectVersion on ${name}/${key ?? ''} failed: ${code ?? ''}: ${message ?? ''}`;
  throw new SlipwayError(code === 'AccessDenied' ? 'SLW-AWS-005' : 'SLW-AWS-011', text, { object: name, data: { awsCode: code } });
}
