/** How the API of one EKS cluster is reached in this run: its kubeconfig, straight or through the bastion. One tunnel for each cluster and run. */
import { dirname, join } from 'node:path';
import { eksKubeconfig } from '../../aws/eks.ts';
import type { AwsPlace } from '../../aws/account.ts';
import { MODULES } from '../../cloud/cloud.ts';
import type { ResolvedAccess } from '../../config/resolved-eks.ts';
import { resolveValue } from '../../config/references.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { openTunnel, type Tunnel } from './tunnel.ts';

/** What is known of a cluster that was made. */
export interface MadeCluster {
  readonly name: string;
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthority: string;
  readonly place: AwsPlace;
}

/** The way that a person takes: no tunnel in it. */
export function plainKubeconfig(cluster: MadeCluster): string {
  return kubeconfigVia(cluster, undefined);
}

export const kubeconfigPath = ({ stateDir }: Pick<ProvisionerContext, 'stateDir'>, cluster: string): string =>
  join(stateDir, 'clusters', cluster, 'kubeconfig');

/** The way of this run. @throws SLW-EKS-006 */
export async function kubeconfigOfRun(
  cluster: MadeCluster,
  access: ResolvedAccess | undefined,
  { context, signal }: WayOptions,
): Promise<string> {
  if (!access?.bastion) return plainKubeconfig(cluster);
  const { server } = await sharedTunnel(cluster, access, { context, signal });
  return kubeconfigVia(cluster, server);
}

export interface WayOptions {
  readonly context: ProvisionerContext;
  readonly signal: AbortSignal;
}

function kubeconfigVia({ name, endpoint, certificateAuthority, place }: MadeCluster, server: string | undefined): string {
  const { region, profile } = place;
  return eksKubeconfig({
    cluster: { name, endpoint, certificateAuthority: Buffer.from(certificateAuthority, 'base64').toString('utf8') },
    region,
    command: join(MODULES, '..', 'slipway'),
    ...(profile !== undefined && { profile }),
    ...(server !== undefined && { via: { server } }),
  });
}

async function sharedTunnel(cluster: MadeCluster, access: ResolvedAccess, { context, signal }: WayOptions): Promise<Tunnel> {
  const kept = context.shared<{ open: Promise<Tunnel> | undefined }>(`eks tunnel ${cluster.endpoint}`, () => ({ open: undefined }));
  kept.open ??= startTunnel(cluster, access, { context, signal });
  return kept.open.catch((thrown: unknown) => {
    kept.open = undefined;
    throw thrown;
  });
}

async function startTunnel(
  { endpoint, name }: MadeCluster,
  { bastion, identity, knownHosts }: ResolvedAccess,
  { context, signal }: WayOptions,
): Promise<Tunnel> {
  if (!bastion) throw new RangeError(`${name} has no bastion`);
  const { hostname, port } = new URL(endpoint);
  const identityFile = identity && (await identityFileOf(identity, name, context));
  const tunnel = await openTunnel(context.host, {
    bastion,
    identityFile,
    knownHosts,
    signal,
    target: { host: hostname, port: Number(port || 443) },
  });
  context.defer(() => tunnel.close());
  return tunnel;
}

/** ssh takes keys from files alone: one that comes from elsewhere lies in the state folder for the time of the run. */
async function identityFileOf(
  identity: NonNullable<ResolvedAccess['identity']>,
  name: string,
  context: ProvisionerContext,
): Promise<string> {
  const { host, redactor, outputs, stateDir, defer } = context;
  const text = await resolveValue(host, identity, { redactor, outputs });
  if (identity.kind === 'file') return identity.path;
  const path = join(stateDir, 'clusters', name, 'bastion-key');
  await host.files.mkdir(dirname(path));
  await host.files.writeAtomic(path, `${text}\n`, { mode: 0o600 });
  defer(() => host.files.remove(path));
  return path;
}
