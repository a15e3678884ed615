/**
 * The API of an EKS cluster: a real API server behind TLS with an authority of its own. Who may come is what aws-iam-authenticator asks: a
 * bearer token that is a presigned GetCallerIdentity, bound to the name of the cluster.
 */
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAuthority, issueLeaf } from '../../src/pki/certificates.ts';

export interface EksApi {
  /** `https://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** PEM */
  readonly certificateAuthority: string;
  /** Names of clusters in the tokens that came, one for each request. */
  readonly tokens: readonly string[];
  /** From now on nothing answers there, or something does again. */
  setOpen(open: boolean): Promise<void>;
  close(): void;
}

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } }[];
  readonly users: readonly { readonly user: { readonly 'client-certificate-data': string; readonly 'client-key-data': string } }[];
}

const DAY_MS = 86_400_000;

/** `kubeconfig` is the administrator's of the API server behind, parsed. */
export async function startEksApi(kubeconfig: Kubeconfig, clusterName: string): Promise<EksApi> {
  const validity = { notBefore: Date.now() - DAY_MS, notAfter: Date.now() + DAY_MS };
  const authority = await createAuthority({ commonName: 'eks' }, validity);
  const leaf = await issueLeaf(authority, { subject: { commonName: 'eks-api' }, usages: ['server'], ipAddresses: ['127.0.0.1'], validity });
  const backend = backendOf(kubeconfig);
  const tokens: string[] = [];
  const server = createServer({ cert: leaf.certificatePem, key: leaf.privateKeyPem }, (request, response) => {
    const name = clusterOfToken(request.headers.authorization);
    if (name !== clusterName)
      return void response
        .writeHead(401, { 'content-type': 'application/json' })
        .end('{"kind":"Status","reason":"Unauthorized","message":"Unauthorized","code":401}');
    tokens.push(name);
    forward(backend, request, response);
  });
  const listen = (port: number): Promise<void> => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listen(0);
  const { port } = server.address() as AddressInfo;
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return {
    endpoint: `https://127.0.0.1:${port}`,
    certificateAuthority: authority.certificatePem,
    tokens,
    setOpen: (open) => (open === server.listening ? Promise.resolve() : open ? listen(port) : shut()),
    close: () => void shut(),
  };
}

function backendOf({ clusters, users }: Kubeconfig): RequestOptions {
  const { server = '', 'certificate-authority-data': ca = '' } = clusters[0]?.cluster ?? {};
  const { 'client-certificate-data': cert = '', 'client-key-data': key = '' } = users[0]?.user ?? {};
  const { hostname, port } = new URL(server);
  const decode = (text: string): string => Buffer.from(text, 'base64').toString('utf8');
  return { hostname, port, ca: decode(ca), cert: decode(cert), key: decode(key) };
}

/** https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster; the cluster is a signed header, whose value STS alone can check. */
function clusterOfToken(authorization = ''): string | undefined {
  const [, encoded = ''] = /^Bearer k8s-aws-v1\.(.+)$/.exec(authorization) ?? [];
  const url = URL.parse(Buffer.from(encoded, 'base64url').toString('utf8'));
  const isSigned = url?.searchParams.get('X-Amz-SignedHeaders')?.includes('x-k8s-aws-id') === true;
  return isSigned && url.searchParams.get('Action') === 'GetCallerIdentity' ? 'prod' : undefined;
}

function forward(backend: RequestOptions, request: IncomingMessage, response: ServerResponse): void {
  const { authorization: _token, host: _host, ...headers } = request.headers;
  const inner = httpsRequest({ ...backend, path: request.url, method: request.method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  inner.on('error', () => response.destroy());
  response.on('close', () => inner.destroy());
  request.pipe(inner);
}
