/**
 * What an EC2 instance talks to: its metadata (version 2 only), S3 and EC2. The store's folder is the bucket. Every request of the two
 * services must be signed as AWS' own library signs it, with the role's credentials, and may do only what the role may.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { signRequest } from '../../../src/aws/sign.ts';

export const BUCKET = 'vpn-identity';
export const REGION = 'eu-central-1';
const ROLE = { accessKeyId: 'ASIAVPNHOST', secretAccessKey: 'secret-of-the-role', sessionToken: 'token-of-the-role', from: 'the bed' };

export interface InstanceServices {
  readonly url: string;
  /** `METHOD key → status` of S3 and `Action → status` of EC2, in order. */
  readonly log: string[];
  /** S3 answers every request with this status while it is set. */
  outage: number | undefined;
  /** While set, object bodies end after half of their announced bytes. */
  torn: boolean;
  close(): Promise<void>;
}

export interface InstanceServicesOptions {
  readonly dir: string;
  readonly address: string;
  /** Which instance asks, by its address. */
  readonly instanceOf: (address: string) => string;
  readonly associate: (allocation: string, instance: string) => void;
}

export async function startInstanceServices(options: InstanceServicesOptions): Promise<InstanceServices> {
  const server = createServer((request, response) => void answer(services, options, request, response));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, options.address, resolve);
  });
  const { port } = server.address() as { port: number };
  const services: InstanceServices = {
    ...{ url: `http://${options.address}:${port}`, log: [], outage: undefined, torn: false },
    close: () => closeServer(server),
  };
  return services;
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

async function answer(
  services: InstanceServices,
  options: InstanceServicesOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request);
  const url = new URL(request.url ?? '/', services.url);
  const end = (status: number, content: string | Uint8Array = ''): void => void response.writeHead(status).end(content);
  if (url.pathname.startsWith('/latest/')) return metadata(options, { request, path: url.pathname, end });
  const service = url.pathname === '/' ? 'ec2' : 's3';
  if (!(await isSigned(request, { url, body, service }))) return end(403, fault('SignatureDoesNotMatch'));
  if (service === 'ec2') return ec2(services, options, { form: new URLSearchParams(Buffer.from(body).toString('utf8')), end });
  return s3(services, options, { method: request.method ?? '', path: url.pathname, body, end, response });
}

const TOKEN = 'metadata-token';

function metadata(
  { instanceOf }: InstanceServicesOptions,
  { request, path, end }: { request: IncomingMessage; path: string; end: (status: number, content?: string) => void },
): void {
  if (path === '/latest/api/token')
    return request.method === 'PUT' && request.headers['x-aws-ec2-metadata-token-ttl-seconds'] ? end(200, TOKEN) : end(405);
  if (request.headers['x-aws-ec2-metadata-token'] !== TOKEN) return end(401);
  if (path === '/latest/meta-data/instance-id') return end(200, instanceOf(request.socket.remoteAddress ?? ''));
  if (path === '/latest/meta-data/iam/security-credentials/') return end(200, 'vpn-host');
  if (path !== '/latest/meta-data/iam/security-credentials/vpn-host') return end(404);
  const { accessKeyId, secretAccessKey, sessionToken } = ROLE;
  const Expiration = new Date(Date.now() + 3_600_000).toISOString();
  end(
    200,
    JSON.stringify({ Code: 'Success', AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration }),
  );
}

/** Signs what came once more, with AWS' library, and compares. */
async function isSigned(
  request: IncomingMessage,
  { url, body, service }: { url: URL; body: Uint8Array; service: string },
): Promise<boolean> {
  const given = request.headers.authorization ?? '';
  const names = /SignedHeaders=([^,]+)/.exec(given)?.[1]?.split(';') ?? [];
  const stamp = String(request.headers['x-amz-date'] ?? '');
  const now = Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  // All that begins so must be signed.
  const open = Object.keys(request.headers).filter((name) => name.startsWith('x-amz-') && !names.includes(name));
  if (open.length > 0 || Number.isNaN(now) || Math.abs(Date.now() - now) > 300_000) return false;
  const headers = Object.fromEntries(names.filter((name) => !SIGNERS.includes(name)).map((name) => [name, String(request.headers[name])]));
  const signed = await signRequest(
    { method: request.method ?? '', url, headers, body },
    { service, region: REGION, credentials: ROLE, now },
  );
  const signature = (text: string | undefined): string | undefined => /Signature=(\w+)/.exec(text ?? '')?.[1];
  return signature(signed['authorization']) === signature(given);
}

/** Set by the library itself. */
const SIGNERS: readonly string[] = ['x-amz-date', 'x-amz-security-token', 'x-amz-content-sha256'];

interface S3Call {
  readonly method: string;
  readonly path: string;
  readonly body: Uint8Array;
  readonly response: ServerResponse;
  readonly end: (status: number, content?: string | Uint8Array) => void;
}

function s3(services: InstanceServices, { dir }: InstanceServicesOptions, { method, path, body, response, end }: S3Call): void {
  const key = decodeURIComponent(path.slice(BUCKET.length + 2));
  const tell = (status: number, content?: string | Uint8Array): void => {
    services.log.push(`${method} ${key} → ${status}`);
    end(status, content);
  };
  if (services.outage !== undefined) return tell(services.outage, fault('ServiceUnavailable'));
  const may = (method === 'GET' && key.startsWith('hosts/')) || (method === 'PUT' && key.startsWith('reports/'));
  if (!may || !path.startsWith(`/${BUCKET}/`)) return tell(403, fault('AccessDenied'));
  if (method === 'PUT') {
    mkdirSync(dirname(join(dir, key)), { recursive: true });
    writeFileSync(join(dir, key), body);
    return tell(200);
  }
  const content = readFile(join(dir, key));
  if (!content) return tell(404, fault('NoSuchKey'));
  if (!services.torn) return tell(200, content);
  services.log.push(`${method} ${key} → torn`);
  response.writeHead(200, { 'content-length': content.length });
  response.write(content.subarray(0, content.length >> 1), () => response.destroy());
}

function ec2(
  services: InstanceServices,
  { associate }: InstanceServicesOptions,
  { form, end }: { form: URLSearchParams; end: (status: number, content?: string) => void },
): void {
  const action = form.get('Action') ?? '';
  const known = action === 'AssociateAddress' && form.get('AllowReassociation') === 'true';
  services.log.push(`${action} ${form.get('AllocationId')} → ${known ? 200 : 400}`);
  if (!known) return end(400, fault('InvalidAction'));
  associate(form.get('AllocationId') ?? '', form.get('InstanceId') ?? '');
  end(200, '<AssociateAddressResponse><return>true</return></AssociateAddressResponse>');
}

const fault = (code: string): string => `<Error><Code>${code}</Code><Message>of the bed</Message></Error>`;

function readFile(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
