/** Opens TLS connections to an API server, straight or through an HTTP(S) proxy (CONNECT). */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Duplex } from 'node:stream';
import { connect as tlsConnect, type ConnectionOptions, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { Host } from '../host/host.ts';
import { asTransportFailure, TransportFailure } from './transport.ts';

export interface DialTarget {
  readonly server: URL;
  readonly ca?: string;
  readonly insecure: boolean;
  readonly tlsServerName?: string;
  readonly proxy?: URL;
  readonly certificate?: { readonly cert: string; readonly key: string };
}

/** Bound of one connection attempt, handshakes and proxy included. */
const CONNECT_BOUND_MS = 10_000;

export interface Dialer {
  /** A connected, verified socket; `alpnProtocol` tells what was agreed. */
  dial(signal: AbortSignal): Promise<TLSSocket>;
}

/** @throws TransportFailure when the certificate or the authority cannot be parsed */
export function createDialer(host: Host, target: DialTarget, protocols: readonly string[]): Dialer {
  const secureContext = makeContext(target);
  return {
    dial: async (signal) => {
      const bound = host.clock.timeout(CONNECT_BOUND_MS);
      const either = AbortSignal.any([signal, bound]);
      try {
        either.throwIfAborted();
        const tunnel = target.proxy ? await openTunnel(target.proxy, target.server, either) : undefined;
        return await handshake({ target, secureContext, protocols, ...(tunnel && { tunnel }) }, either);
      } catch (error) {
        if (signal.aborted) throw signal.reason;
        if (bound.aborted) throw new TransportFailure('timeout', `no connection within ${CONNECT_BOUND_MS / 1000}s`, error);
        throw asTransportFailure(error, true);
      }
    },
  };
}

function makeContext(target: DialTarget): SecureContext {
  try {
    return createSecureContext({ ...(target.ca !== undefined && { ca: target.ca }), ...target.certificate });
  } catch (error) {
    throw new TransportFailure('protocol', `the certificates of the kubeconfig cannot be used: ${(error as Error).message}`, error);
  }
}

interface Handshake {
  readonly target: DialTarget;
  readonly secureContext: SecureContext;
  readonly protocols: readonly string[];
  readonly tunnel?: Duplex;
}

function handshake({ target, secureContext, protocols, tunnel }: Handshake, signal: AbortSignal): Promise<TLSSocket> {
  const host = hostName(target.server);
  const servername = target.tlsServerName ?? (isIpAddress(host) ? undefined : host);
  const options: ConnectionOptions = {
    host,
    port: portOf(target.server),
    secureContext,
    ALPNProtocols: [...protocols],
    rejectUnauthorized: !target.insecure,
    ...(servername !== undefined && { servername }),
    ...(tunnel && { socket: tunnel }),
  };
  return new Promise((resolve, reject) => {
    const socket = tlsConnect(options);
    const onAbort = (): void => void socket.destroy(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = (act: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      act();
    };
    const onError = (error: unknown): void => settle(() => reject(error));
    const onClose = (): void => onError(Object.assign(new Error('the connection was closed during the handshake'), { code: 'ECONNRESET' }));
    socket.once('error', onError);
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      socket.off('error', onError);
      socket.off('close', onClose);
      socket.setNoDelay(true);
      settle(() => resolve(socket));
    });
  });
}

/** RFC 9110 §9.3.6. Credentials of the proxy stand in its URL. */
function openTunnel(proxy: URL, server: URL, signal: AbortSignal): Promise<Duplex> {
  const authority = `${server.hostname}:${portOf(server)}`;
  const request = proxy.protocol === 'https:' ? httpsRequest : httpRequest;
  const authorization =
    proxy.username === ''
      ? {}
      : {
          'proxy-authorization': `Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}`,
        };
  return new Promise((resolve, reject) => {
    const refuse = (reason: string, cause?: unknown): void => reject(new TransportFailure('proxy', `proxy ${proxy.host} ${reason}`, cause));
    const connecting = request({
      host: hostName(proxy),
      port: portOf(proxy),
      method: 'CONNECT',
      path: authority,
      headers: { host: authority, ...authorization },
      signal,
      agent: false,
    });
    connecting.once('connect', (response, socket, head) => {
      if (response.statusCode !== 200) {
        socket.destroy();
        return refuse(`answered ${response.statusCode} to CONNECT ${authority}`);
      }
      if (head.length > 0) socket.unshift(head);
      return resolve(socket);
    });
    connecting.once('response', (response) => {
      response.destroy();
      refuse(`answered ${response.statusCode} to CONNECT ${authority}`);
    });
    connecting.once('error', (error) => refuse(`cannot be reached: ${error.message}`, error));
    connecting.end();
  });
}

export function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port);
  return url.protocol === 'https:' ? 443 : 80;
}

/** Without the brackets of an IPv6 address. */
export function hostName(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

/** RFC 6066 §3: an address is never sent as server name. */
function isIpAddress(host: string): boolean {
  return /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(':');
}
