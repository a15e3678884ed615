/** Self-contained kubeconfigs for the clients of a local cluster. */
import type { Host } from '../host/host.ts';
import { readPair } from '../pki/identity-files.ts';

export interface KubeconfigIdentity {
  readonly cluster: string;
  readonly user: string;
  readonly server: string;
  readonly certificateAuthorityPem: string;
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** YAML of a kubeconfig (JSON inside, which YAML includes); certificates and key inlined, so that the file works wherever it is copied. */
export function renderKubeconfig(identity: KubeconfigIdentity): string {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const { cluster, user, server } = identity;
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    `- name: ${cluster}`,
    '  cluster:',
    `    server: ${server}`,
    `    certificate-authority-data: ${base64(identity.certificateAuthorityPem)}`,
    'users:',
    `- name: ${JSON.stringify(user)}`,
    '  user:',
    `    client-certificate-data: ${base64(identity.certificatePem)}`,
    `    client-key-data: ${base64(identity.privateKeyPem)}`,
    'contexts:',
    `- name: ${cluster}`,
    `  context: {cluster: ${cluster}, user: ${JSON.stringify(user)}}`,
    `current-context: ${cluster}`,
    '',
  ].join('\n');
}

export interface KubeconfigWish {
  readonly path: string;
  readonly cluster: string;
  readonly server: string;
  readonly pkiDir: string;
  /** Pair in `pkiDir` that is the client. */
  readonly pair: string;
  readonly user: string;
}

/** What the file should hold now; undefined while the certificates are not there. */
export async function wantedKubeconfig(host: Host, wish: KubeconfigWish): Promise<string | undefined> {
  try {
    const [authority, client] = await Promise.all([readPair(host, wish.pkiDir, 'ca'), readPair(host, wish.pkiDir, wish.pair)]);
    return renderKubeconfig({
      cluster: wish.cluster,
      user: wish.user,
      server: wish.server,
      certificateAuthorityPem: authority.certificatePem,
      ...client,
    });
  } catch {
    return undefined;
  }
}

/** Writes it when it differs; true when it did. */
export async function ensureKubeconfig(host: Host, wish: KubeconfigWish): Promise<boolean> {
  const wanted = await wantedKubeconfig(host, wish);
  if (wanted === undefined || (await host.files.readText(wish.path)) === wanted) return false;
  await host.files.writeAtomic(wish.path, wanted, { mode: 0o600 });
  return true;
}
