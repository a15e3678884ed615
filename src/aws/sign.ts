/** Signature Version 4 by AWS's own library, loaded at the first request (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html). */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import type { AwsCredentials } from './credentials.ts';

export interface Signable {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

export interface Scope {
  /** Name in the signature: `ec2`, `s3`. */
  readonly service: string;
  readonly region: string;
  readonly credentials: AwsCredentials;
  /** Wall-clock ms. */
  readonly now: number;
}

/** All headers of the request, the signature among them. */
export async function signRequest(request: Signable, scope: Scope): Promise<Record<string, string>> {
  const signer = await createSigner(scope);
  const signed = await signer.sign(toHttpRequest(request), { signingDate: new Date(scope.now) });
  return signed.headers;
}

/** The URL that carries its own signature and ends after `expiresInS`; `signedHeaders` must be sent along as they are. */
export async function presignUrl(request: Signable, scope: Scope, expiresInS: number): Promise<URL> {
  const signer = await createSigner(scope);
  const options = { signingDate: new Date(scope.now), expiresIn: expiresInS, unhoistableHeaders: new Set(Object.keys(request.headers)) };
  const signed = await signer.presign(toHttpRequest(request), options);
  const url = new URL(request.url);
  for (const [name, value] of Object.entries(signed.query ?? {})) if (typeof value === 'string') url.searchParams.set(name, value);
  return url;
}

async function createSigner({ service, region, credentials }: Scope) {
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const identity = { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
  const s3 = service === 's3';
  return new SignatureV4({ service, region, credentials: identity, sha256: Sha256, uriEscapePath: !s3, applyChecksum: s3 });
}

function toHttpRequest({ method, url, headers, body }: Signable) {
  const query: Record<string, string | string[]> = {};
  for (const name of new Set(url.searchParams.keys())) {
    const values = url.searchParams.getAll(name);
    query[name] = values.length === 1 ? (values[0] ?? '') : values;
  }
  return {
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: url.pathname,
    query,
    headers: { host: url.host, ...headers },
    ...(body && { body }),
  };
}

type SourceData = string | ArrayBuffer | ArrayBufferView;

class Sha256 {
  readonly #secret: SourceData | undefined;
  #state: Hash | Hmac;

  constructor(secret?: SourceData) {
    this.#secret = secret;
    this.#state = this.#start();
  }

  update(data: Uint8Array | string): void {
    this.#state.update(data);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#state.digest());
  }

  reset(): void {
    this.#state = this.#start();
  }

  #start(): Hash | Hmac {
    return this.#secret === undefined ? createHash('sha256') : createHmac('sha256', toBytes(this.#secret));
  }
}

function toBytes(data: SourceData): string | Uint8Array {
  if (typeof data === 'string') return data;
  return ArrayBuffer.isView(data) ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength) : new Uint8Array(data);
}
