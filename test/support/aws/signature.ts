/**
 * Checks Signature Version 4, in headers and in a query, so that a request which AWS would refuse is refused here too. Written from
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html, apart from the product's own signer.
 */
import { createHash, createHmac } from 'node:crypto';
import { AwsFailure } from './failure.ts';
import type { ApiRequest } from './server.ts';

export interface Signed {
  readonly accessKey: string;
  readonly region: string;
  /** `ec2`, `s3`. */
  readonly service: string;
}

interface Parts extends Signed {
  readonly scope: string;
  readonly date: string;
  readonly time: string;
  readonly headers: readonly string[];
  readonly signature: string;
  readonly inQuery: boolean;
}

const denied = (code: string, message: string): never => {
  throw new AwsFailure(code, message, 403);
};

function partsOf({ headers, url }: ApiRequest): Parts {
  const inQuery = url.searchParams.has('X-Amz-Signature');
  const header = headers.authorization ?? '';
  if (!inQuery && !header.startsWith('AWS4-HMAC-SHA256 ')) denied('MissingAuthenticationToken', 'Request is missing Authentication Token');
  const field = (name: string): string =>
    (inQuery ? url.searchParams.get(`X-Amz-${name}`) : new RegExp(`${name}=([^,\\s]+)`).exec(header)?.[1]) ??
    denied('IncompleteSignature', `no ${name}`);
  const [accessKey = '', date = '', region = '', service = '', end = ''] = field('Credential').split('/');
  if (end !== 'aws4_request') denied('IncompleteSignature', 'Credential must have exactly 5 slash-delimited elements');
  const time = (inQuery ? url.searchParams.get('X-Amz-Date') : headers['x-amz-date']) ?? '';
  const scope = [date, region, service, end].join('/');
  return {
    accessKey,
    date,
    region,
    service,
    scope,
    time: String(time),
    headers: field('SignedHeaders').split(';'),
    signature: field('Signature'),
    inQuery,
  };
}

const encode = (value: string): string =>
  encodeURIComponent(value).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

function canonicalQuery(url: URL): string {
  const pairs = [...url.searchParams]
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const);
  return pairs
    .sort(([a, x], [b, y]) => (a === b ? (x < y ? -1 : 1) : a < b ? -1 : 1))
    .map((pair) => pair.join('='))
    .join('&');
}

function canonicalPath({ url }: ApiRequest, service: string): string {
  const path = decodeURIComponent(url.pathname).split('/').map(encode).join('/');
  return service === 's3' ? path : path.split('/').map(encode).join('/');
}

function payloadHash({ headers, body }: ApiRequest, parts: Parts): string {
  const given = headers['x-amz-content-sha256'];
  const actual = createHash('sha256').update(body).digest('hex');
  if (typeof given !== 'string') return parts.inQuery && parts.service === 's3' ? 'UNSIGNED-PAYLOAD' : actual;
  if (/^[0-9a-f]{64}$/.test(given) && given !== actual)
    denied('XAmzContentSHA256Mismatch', "The provided 'x-amz-content-sha256' header does not match what was computed.");
  return given;
}

/** @throws what AWS says of a key it does not know, a signature that does not fit, and a clock that is off */
export function verifySignature(
  request: ApiRequest,
  { accessKey, secret }: { readonly accessKey: string; readonly secret: string },
): Signed {
  const parts = partsOf(request);
  if (parts.accessKey !== accessKey)
    denied(
      parts.service === 's3' ? 'InvalidAccessKeyId' : 'InvalidClientTokenId',
      'The security token included in the request is invalid.',
    );
  const headers = parts.headers
    .map(
      (name) =>
        `${name}:${String(request.headers[name] ?? '')
          .trim()
          .replace(/\s+/g, ' ')}\n`,
    )
    .join('');
  const canonical = [
    request.method,
    canonicalPath(request, parts.service),
    canonicalQuery(request.url),
    headers,
    parts.headers.join(';'),
    payloadHash(request, parts),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', parts.time, parts.scope, createHash('sha256').update(canonical).digest('hex')].join('\n');
  const key = parts.scope
    .split('/')
    .reduce<Buffer | string>((last, part) => createHmac('sha256', last).update(part).digest(), `AWS4${secret}`);
  const expected = createHmac('sha256', key).update(toSign).digest('hex');
  if (expected !== parts.signature)
    denied('SignatureDoesNotMatch', 'The request signature we calculated does not match the signature you provided.');
  return { accessKey: parts.accessKey, region: parts.region, service: parts.service };
}
