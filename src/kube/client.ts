/**
 * Access to Kubernetes API servers: connection from a kubeconfig, apply, wait, watch, delete and the readiness table.
 * Knows Kubernetes, no provisioner, no Flux installation, no project. Invariants: every failure is an SLW-KUB error,
 * every wait has a bound and a signal, no secret leaves in an error.
 */
import { join } from 'node:path';
import { SlipwayError } from '../core/errors.ts';
import type { Redactor } from '../core/redaction.ts';
import type { Host } from '../host/host.ts';
import { ApiClient } from './api-client.ts';
import { Connection } from './connection.ts';
import { type CredentialOptions, createCredentials, readPem } from './credentials.ts';
import type { DialTarget } from './dial.ts';
import { foreignCredentials, foreignReason, openForeignTransport } from './foreign.ts';
import { type ChosenContext, readKubeconfig } from './kubeconfig.ts';
import { openTransport } from './open-transport.ts';
import { proxyFromEnvironment } from './proxy.ts';
import type { KubeClient } from './types.ts';

export interface KubeClientOptions {
  /** The text of a kubeconfig. */
  readonly kubeconfig: string;
  /** Absolute path it came from: for positions in errors and for relative paths in it (default: the working folder). */
  readonly kubeconfigPath?: string;
  /** Default: current-context. */
  readonly context?: string;
  /** What people call the server, in errors; default its URL. */
  readonly name?: string;
  /** Learns tokens, so that no sink shows them. */
  readonly redactor?: Redactor;
}

/** Reads the kubeconfig at once; connects with the first request. Close it when done. @throws SLW-KUB-020, -021 */
export async function createKubeClient(host: Host, options: KubeClientOptions): Promise<KubeClient> {
  const chosen = readKubeconfig(options.kubeconfig, {
    ...(options.context !== undefined && { context: options.context }),
    ...(options.kubeconfigPath !== undefined && { file: options.kubeconfigPath }),
  });
  const server = options.name ?? chosen.cluster.server.origin;
  const connection =
    foreignReason(chosen) === undefined
      ? ownConnection(host, options, { chosen, server })
      : foreignConnection(host, options, { chosen, server });
  return new ApiClient(host, connection, server);
}

interface Target {
  readonly chosen: ChosenContext;
  readonly server: string;
}

function ownConnection(host: Host, options: KubeClientOptions, { chosen, server }: Target): Connection {
  const material: CredentialOptions = {
    host,
    chosen,
    ...(options.kubeconfigPath !== undefined && { kubeconfigPath: options.kubeconfigPath }),
    ...(options.redactor && { redactor: options.redactor }),
  };
  const { cluster } = chosen;
  const proxy = cluster.proxy ?? proxyFromEnvironment(host.env, cluster.server);
  return new Connection({
    host,
    server,
    credentials: createCredentials(material),
    open: async (certificate) => {
      const ca = cluster.ca && !cluster.insecure ? await readPem(material, cluster.ca, 'certificate-authority') : undefined;
      const target: DialTarget = {
        server: cluster.server,
        insecure: cluster.insecure,
        ...(ca !== undefined && { ca }),
        ...(cluster.tlsServerName !== undefined && { tlsServerName: cluster.tlsServerName }),
        ...(proxy && { proxy }),
        ...(certificate && { certificate }),
      };
      return openTransport(host, target);
    },
  });
}

/** Impersonation is read by us only; together with foreign authentication it would be dropped silently. */
function foreignConnection(host: Host, options: KubeClientOptions, { chosen, server }: Target): Connection {
  const { impersonate, exec } = chosen.user;
  if (impersonate || exec)
    throw new SlipwayError(
      'SLW-KUB-022',
      `the kubeconfig context ${chosen.context} combines ${foreignReason(chosen)} with ${impersonate ? 'impersonation' : 'a credential plugin'}`,
    );
  const folder = options.kubeconfigPath === undefined ? host.env.cwd : join(options.kubeconfigPath, '..');
  return new Connection({
    host,
    server,
    credentials: foreignCredentials,
    open: () => openForeignTransport({ kubeconfig: options.kubeconfig, chosen, folder }),
  });
}
