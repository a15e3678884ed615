/** A registry that one artifact can be pulled from, behind a user name and password (OCI distribution spec, pull only). */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

export interface OciRegistry {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Replaces what the tag `latest` of `fleet` stands for. */
  push(layer: Buffer): void;
  close(): void;
}

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

export async function startRegistry(user: string, password: string): Promise<OciRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, Buffer>();
  const expected = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const server = createServer((request, response) => {
    if (request.headers.authorization !== expected)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="registry"' }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
    const [, kind, name = ''] = /^\/v2\/fleet\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? [];
    if (request.url === '/v2/') return void response.writeHead(200).end('{}');
    const found = kind === 'manifests' ? manifests.get(name) : blobs.get(name);
    if (!found) return void response.writeHead(404).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
    const type = kind === 'manifests' ? 'application/vnd.oci.image.manifest.v1+json' : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'content-length': found.length, 'docker-content-digest': digestOf(found) });
    response.end(request.method === 'HEAD' ? undefined : found);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = server.address();
  return {
    address: `127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`,
    push: (layer) => {
      const config = Buffer.from('{}');
      const describe = (mediaType: string, bytes: Buffer) => ({ mediaType, size: bytes.length, digest: digestOf(bytes) });
      const manifest = Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: 'application/vnd.oci.image.manifest.v1+json',
          config: describe('application/vnd.cncf.flux.config.v1+json', config),
          layers: [describe('application/vnd.cncf.flux.content.v1.tar+gzip', layer)],
        }),
      );
      for (const blob of [config, layer]) blobs.set(digestOf(blob), blob);
      for (const name of ['latest', digestOf(manifest)]) manifests.set(name, manifest);
    },
    close: () => (server.close(), server.closeAllConnections()),
  };
}
