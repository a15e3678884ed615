/** EKS: what a cluster is, and the short-lived token that its API server takes for our AWS identity. */
import { SlipwayError } from '../core/errors.ts';
import type { Aws } from './aws.ts';
import { awsCodeOf } from './failure.ts';
import { presignUrl } from './sign.ts';
import { endpointOf } from './endpoints.ts';

export interface EksCluster {
  readonly name: string;
  readonly arn: string;
  /** `ACTIVE`, `CREATING`, `DELETING`, `FAILED`, `UPDATING`. */
  readonly status: string;
  readonly version: string;
  /** https URL; absent while it is being created. */
  readonly endpoint?: string;
  /** PEM; absent while it is being created. */
  readonly certificateAuthority?: string;
  readonly vpcId?: string;
  readonly privateAccess: boolean;
  readonly publicAccess: boolean;
}

/** @throws SLW-AWS-016 when there is none */
export async function describeEksCluster(aws: Aws, name: string, signal: AbortSignal): Promise<EksCluster> {
  const path = `/clusters/${encodeURIComponent(name)}`;
  try {
    const answer = await aws.send({ service: 'eks', action: 'DescribeCluster', method: 'GET', path, object: name }, signal);
    return readCluster(JSON.parse(Buffer.from(answer.body).toString('utf8')) as { readonly cluster: RawCluster });
  } catch (thrown) {
    if (awsCodeOf(thrown) !== 'ResourceNotFoundException') throw thrown;
    throw new SlipwayError('SLW-AWS-016', `there is no EKS cluster ${name} in ${aws.region}`, { cause: thrown, object: name });
  }
}

interface RawCluster {
  readonly name: string;
  readonly arn?: string;
  readonly status?: string;
  readonly version?: string;
  readonly endpoint?: string;
  readonly certificateAuthority?: { readonly data?: string };
  readonly resourcesVpcConfig?: {
    readonly vpcId?: string;
    readonly endpointPrivateAccess?: boolean;
    readonly endpointPublicAccess?: boolean;
  };
}

function readCluster({ cluster }: { readonly cluster: RawCluster }): EksCluster {
  const { name, arn = '', status = 'UNKNOWN', version = '', endpoint, certificateAuthority, resourcesVpcConfig: network = {} } = cluster;
  const authority = certificateAuthority?.data;
  return {
    ...{ name, arn, status, version },
    ...(endpoint && { endpoint }),
    ...(authority && { certificateAuthority: Buffer.from(authority, 'base64').toString('utf8') }),
    ...(network.vpcId !== undefined && { vpcId: network.vpcId }),
    privateAccess: network.endpointPrivateAccess === true,
    publicAccess: network.endpointPublicAccess === true,
  };
}

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
