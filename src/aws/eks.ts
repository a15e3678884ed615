/** EKS: the short-lived token that a cluster's API server takes for our AWS identity, and the kubeconfig that asks for it. */
import type { Aws } from './aws.ts';
import { presignUrl } from './sign.ts';
import { endpointOf } from './endpoints.ts';

export interface EksToken {
  readonly token: string;
  /** Wall-clock ms. */
  readonly expiresAt: number;
}

const TOKEN_PREFIX = 'k8s-aws-v1.';
/** The authenticator takes a token for 15 minutes after its signature; it is called expired a minute before. */
const TOKEN_LIFE_MS = 14 * 60_000;
/** How long the URL itself may be used; the authenticator wants one between 0 and 15 minutes. */
const URL_LIFE_S = 60;

/**
 * A presigned GetCallerIdentity that names the cluster (https://github.com/kubernetes-sigs/aws-iam-authenticator#api-authorization-from-outside-a-cluster).
 * Asks nobody: made from the credentials alone.
 */
export async function eksToken(aws: Aws, cluster: string, signal: AbortSignal): Promise<EksToken> {
  const credentials = await aws.credentials(signal);
  const now = aws.host.clock.now();
  const url = new URL('/?Action=GetCallerIdentity&Version=2011-06-15', endpointOf(aws.host.env, 'sts', aws.region).url);
  const scope = { service: 'sts', region: aws.region, credentials, now };
  const signed = await presignUrl({ method: 'GET', url, headers: { 'x-k8s-aws-id': cluster } }, scope, URL_LIFE_S);
  const expiresAt = Math.min(now + TOKEN_LIFE_MS, credentials.expiresAt ?? Number.POSITIVE_INFINITY);
  return { token: TOKEN_PREFIX + Buffer.from(signed.href).toString('base64url'), expiresAt };
}

/** What a credential plugin prints (client.authentication.k8s.io/v1). */
export function execCredential({ token, expiresAt }: EksToken): object {
  return {
    apiVersion: 'client.authentication.k8s.io/v1',
    kind: 'ExecCredential',
    status: { token, expirationTimestamp: new Date(expiresAt).toISOString().replace(/\.\d+Z$/, 'Z') },
  };
}

export interface EksKubeconfigOptions {
  readonly cluster: { readonly name: string; readonly endpoint: string; readonly certificateAuthority: string };
  readonly region: string;
  readonly profile?: string;
  /** Absolute path of the slipway launcher. */
  readonly command: string;
  /** Where the API is reached instead of its own address (a tunnel); TLS still checks the cluster's name. */
  readonly via?: { readonly server: string };
}

/** A kubeconfig without a secret in it: the token comes from `slipway serve eks-token` each time it is needed. JSON is YAML. */
export function eksKubeconfig({ cluster, region, profile, command, via }: EksKubeconfigOptions): string {
  const { name, endpoint, certificateAuthority } = cluster;
  const args = ['serve', 'eks-token', '--cluster', name, '--region', region, ...(profile === undefined ? [] : ['--profile', profile])];
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, args, interactiveMode: 'Never', provideClusterInfo: false };
  const data = Buffer.from(certificateAuthority).toString('base64');
  const server = {
    server: via?.server ?? endpoint,
    'certificate-authority-data': data,
    ...(via && { 'tls-server-name': new URL(endpoint).hostname }),
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: server }],
    users: [{ name, user: { exec } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    'current-context': name,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
