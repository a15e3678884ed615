/**
 * What our own reader leaves out (auth-provider, username and password, SOCKS proxies) done by @kubernetes/client-node,
 * loaded only then: it costs most of a second. HTTP/1.1 only.
 */
import { request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SlipwayError } from '../core/errors.ts';
import type { Credentials } from './credentials.ts';
import { hostName, portOf } from './dial.ts';
import { sendHttp1 } from './http1.ts';
import type { ChosenContext } from './kubeconfig.ts';
import type { Transport } from './transport.ts';

export interface ForeignOptions {
  readonly kubeconfig: string;
  readonly chosen: ChosenContext;
  /** Folder for relative paths. */
  readonly folder: string;
}

/** Why @kubernetes/client-node is needed, or undefined when it is not. */
export function foreignReason(chosen: ChosenContext): string | undefined {
  if (chosen.user.foreign !== undefined) return chosen.user.foreign;
  return chosen.cluster.proxy?.protocol.startsWith('socks') ? 'proxy-url' : undefined;
}

/** It adds headers, certificates and agent to each request by itself. @throws SLW-KUB-022 */
export async function openForeignTransport(options: ForeignOptions): Promise<Transport> {
  const { chosen } = options;
  const reason = foreignReason(chosen) ?? 'user';
  const refuse = (error: unknown): never => {
    throw new SlipwayError(
      'SLW-KUB-022',
      `the kubeconfig context ${chosen.context} uses ${reason}, which cannot be done: ${(error as Error).message}`,
      { cause: error },
    );
  };
  const { KubeConfig } = await import('@kubernetes/client-node').catch(refuse);
  const config = new KubeConfig();
  try {
    config.loadFromString(options.kubeconfig);
    config.setCurrentContext(chosen.context);
    config.makePathsAbsolute(options.folder);
  } catch (error) {
    refuse(error);
  }
  const { server } = chosen.cluster;
  const send = server.protocol === 'https:' ? httpsRequest : httpRequest;
  const end = new AbortController();
  return {
    request: async (request) => {
      end.signal.throwIfAborted();
      const base: RequestOptions = { host: hostName(server), port: portOf(server), headers: {} };
      await config.applyToHTTPSOptions(base as never).catch(refuse);
      const headers = { ...(base.headers as Record<string, string>), ...request.headers };
      return sendHttp1(send, base, { ...request, headers, signal: AbortSignal.any([request.signal, end.signal]) });
    },
    retire: () => undefined,
    close: () => end.abort(),
  };
}

/** Nothing of our own: the transport proves who asks. */
export const foreignCredentials: Credentials = { current: () => Promise.resolve({ headers: {} }), renew: () => false };
