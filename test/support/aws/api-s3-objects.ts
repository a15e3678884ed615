/** Objects of S3: conditional writes, versions, lists in pages. */
import { createHash } from 'node:crypto';
import { type ApiCall, unanswered, xml } from './api-answer.ts';
import { AwsFailure } from './failure.ts';
import { isVersioned } from './kinds-storage.ts';
import type { ObjectVersion } from './objects.ts';
import type { Wire } from './provider-wire.ts';
import type { ApiRequest, HttpAnswer } from './server.ts';
import type { Resource } from './store.ts';

interface Place {
  readonly bucket: Resource;
  readonly key: string;
}

const quoted = (etag: string): string => `"${etag}"`;
const bare = (etag: string): string => etag.replaceAll('"', '');

/** Bodies of SDKs come in signed chunks: `SIZE;chunk-signature=…`, and trailers at the end. */
function contentOf({ headers, body }: ApiRequest): Buffer {
  if (!String(headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-')) return body;
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.toString('latin1', at, end), 16);
    if (!(size > 0)) break;
    parts.push(body.subarray(end + 2, end + 2 + size));
    at = end + 2 + size + 2;
  }
  return Buffer.concat(parts);
}

function checkIntegrity({ headers }: ApiRequest, content: Buffer): void {
  const sha = headers['x-amz-checksum-sha256'];
  if (typeof sha === 'string' && createHash('sha256').update(content).digest('base64') !== sha)
    throw new AwsFailure('BadDigest', 'The SHA256 you specified did not match the calculated checksum.');
  const md5 = headers['content-md5'];
  if (typeof md5 === 'string' && createHash('md5').update(content).digest('base64') !== md5)
    throw new AwsFailure('BadDigest', 'The Content-MD5 you specified did not match what we received.');
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
function checkConditions({ headers }: ApiRequest, current: ObjectVersion | undefined): void {
  if (headers['if-none-match'] === '*' && current)
    throw new AwsFailure('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
  const wanted = headers['if-match'];
  if (wanted === undefined) return;
  if (!current) throw new AwsFailure('NoSuchKey', 'The specified key does not exist.', 404);
  if (bare(wanted) !== current.etag)
    throw new AwsFailure('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
}

function put(wire: Wire, call: ApiCall, { bucket, key }: Place): HttpAnswer {
  const { objects } = wire.account.store;
  const content = contentOf(call.request);
  checkIntegrity(call.request, content);
  checkConditions(call.request, objects.get(bucket.id, key));
  const kept = Object.entries(call.request.headers).flatMap(([name, value]) =>
    /^(content-type|x-amz-meta-|x-amz-server-side)/.test(name) ? [[name, String(value)] as const] : [],
  );
  const versioned = isVersioned(wire.account.store, bucket.id);
  const version = objects.put(bucket.id, key, content, {
    versioned,
    versionId: wire.account.store.hex(32),
    headers: Object.fromEntries(kept),
  });
  return { status: 200, headers: { etag: quoted(version.etag), ...(versioned && { 'x-amz-version-id': version.versionId }) } };
}

function get(wire: Wire, call: ApiCall, { bucket, key }: Place): HttpAnswer {
  const versionId = call.request.url.searchParams.get('versionId') ?? undefined;
  const found = wire.account.store.objects.get(bucket.id, key, versionId);
  if (!found || found.deleteMarker)
    throw new AwsFailure(call.request.method === 'HEAD' ? 'NotFound' : 'NoSuchKey', 'The specified key does not exist.', 404);
  const body = Buffer.from(found.body, 'base64');
  if (call.request.headers['if-none-match'] === quoted(found.etag)) return { status: 304, headers: { etag: quoted(found.etag) } };
  const range = /^bytes=(\d+)-(\d*)$/.exec(call.request.headers.range ?? '');
  const headers = {
    ...found.headers,
    etag: quoted(found.etag),
    'last-modified': new Date(found.modified).toUTCString(),
    'x-amz-version-id': found.versionId,
  };
  if (!range) return { status: 200, headers, body };
  const [start, end] = [Number(range[1]), range[2] ? Number(range[2]) : body.length - 1];
  return {
    status: 206,
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${body.length}` },
    body: body.subarray(start, end + 1),
  };
}

function remove(wire: Wire, call: ApiCall, { bucket, key }: Place): HttpAnswer {
  const versionId = call.request.url.searchParams.get('versionId') ?? undefined;
  const { objects } = wire.account.store;
  const wanted = call.request.headers['if-match'];
  if (wanted !== undefined) checkConditions(call.request, objects.get(bucket.id, key));
  removeVersion(wire, { bucket, key }, versionId);
  return { status: 204 };
}

function removeVersion(wire: Wire, { bucket, key }: Place, versionId: string | undefined): void {
  const { store } = wire.account;
  store.objects.remove(bucket.id, key, { versionId, marker: isVersioned(wire.account.store, bucket.id) ? store.hex(32) : undefined });
  // The provider's resource for it is gone with the last of it.
  if (!store.objects.get(bucket.id, key)) store.drop('aws_s3_object', `${bucket.id}/${key}`);
}

export function answerObject(wire: Wire, call: ApiCall, place: Place): HttpAnswer {
  switch (call.request.method) {
    case 'PUT':
      return put(wire, call, place);
    case 'GET':
    case 'HEAD':
      return get(wire, call, place);
    case 'DELETE':
      return remove(wire, call, place);
    default:
      return unanswered(call);
  }
}

const DEFAULT_PAGE = 1000;

/** Two at most a page when the test asks for it by `max-keys`; S3's own limit otherwise. */
function pageOf<T>(all: readonly T[], { url }: ApiRequest, start: number): { readonly part: readonly T[]; readonly more: boolean } {
  const size = Math.min(Number(url.searchParams.get('max-keys') ?? DEFAULT_PAGE), DEFAULT_PAGE);
  return { part: all.slice(start, start + size), more: start + size < all.length };
}

export function listObjects(wire: Wire, call: ApiCall, bucket: Resource): HttpAnswer {
  const query = call.request.url.searchParams;
  const [prefix, delimiter] = [query.get('prefix') ?? '', query.get('delimiter')];
  const all = wire.account.store.objects.list(bucket.id).filter(([key]) => key.startsWith(prefix));
  const folder = (key: string): string | undefined => {
    const at = delimiter === null ? -1 : key.indexOf(delimiter, prefix.length);
    return at < 0 ? undefined : key.slice(0, at + 1);
  };
  const folders = [...new Set(all.flatMap(([key]) => folder(key) ?? []))];
  const files = all.filter(([key]) => folder(key) === undefined);
  const token = query.get('continuation-token');
  const start = token === null ? 0 : Number(Buffer.from(token, 'base64').toString());
  const { part, more } = pageOf(files, call.request, start);
  return xml('ListBucketResult', {
    Name: bucket.id,
    Prefix: prefix,
    KeyCount: part.length,
    IsTruncated: more,
    NextContinuationToken: more ? Buffer.from(String(start + part.length)).toString('base64') : undefined,
    Contents: part.map(([Key, version]) => ({
      Key,
      ETag: quoted(version.etag),
      Size: Buffer.byteLength(version.body, 'base64'),
      LastModified: version.modified,
      StorageClass: 'STANDARD',
    })),
    CommonPrefixes: folders.map((one) => ({ Prefix: one })),
  });
}

export function listVersions(wire: Wire, call: ApiCall, bucket: Resource): HttpAnswer {
  const query = call.request.url.searchParams;
  const prefix = query.get('prefix') ?? '';
  const all = wire.account.store.objects
    .versions(bucket.id)
    .filter(([key]) => key.startsWith(prefix))
    .flatMap(([key, versions]) => [...versions].reverse().map((version, index) => ({ key, version, latest: index === 0 })));
  const after = all.findIndex(
    ({ key, version }) => key === query.get('key-marker') && version.versionId === query.get('version-id-marker'),
  );
  const { part, more } = pageOf(all, call.request, after + 1);
  const shape = ({ key, version, latest }: (typeof all)[number]): Record<string, string | boolean> => ({
    Key: key,
    VersionId: version.versionId,
    IsLatest: latest,
    LastModified: version.modified,
  });
  const last = part.at(-1);
  return xml('ListVersionsResult', {
    Name: bucket.id,
    Prefix: prefix,
    IsTruncated: more,
    ...(more && last && { NextKeyMarker: last.key, NextVersionIdMarker: last.version.versionId }),
    Version: part.filter(({ version }) => !version.deleteMarker).map((one) => ({ ...shape(one), ETag: quoted(one.version.etag) })),
    DeleteMarker: part.filter(({ version }) => version.deleteMarker).map(shape),
  });
}

const unescapeXml = (value: string): string =>
  value.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&apos;', "'").replaceAll('&amp;', '&');

export function deleteMany(wire: Wire, call: ApiCall, bucket: Resource): HttpAnswer {
  const body = contentOf(call.request);
  checkIntegrity(call.request, body);
  for (const [, inner = ''] of body.toString().matchAll(/<Object>([\s\S]*?)<\/Object>/g)) {
    const key = unescapeXml(/<Key>([\s\S]*?)<\/Key>/.exec(inner)?.[1] ?? '');
    removeVersion(wire, { bucket, key }, /<VersionId>([^<]*)<\/VersionId>/.exec(inner)?.[1]);
  }
  return xml('DeleteResult', {});
}
