/** Chooses how to talk to a server: HTTP/2 when TLS agrees on it, else HTTP/1.1; @kubernetes/client-node for what only it can. */
import type { TLSSocket } from 'node:tls';
import type { Host } from '../host/host.ts';
import { neverAborted } from './abort.ts';
import { createDialer, type Dialer, type DialTarget, hostName, portOf } from './dial.ts';
import { createHttp1Transport } from './http1.ts';
import { Http2Transport } from './http2.ts';
import type { Transport } from './transport.ts';

export async function openTransport(host: Host, target: DialTarget): Promise<Transport> {
  if (target.server.protocol === 'http:') return createHttp1Transport(target.server);
  const dialer = createDialer(host, target, ['h2', 'http/1.1']);
  const first = await dialer.dial(neverAborted());
  if (first.alpnProtocol !== 'h2') return overHttp1(host, target, first);
  return new Http2Transport({ clock: host.clock, dial: (signal) => dialer.dial(signal), authority: authorityOf(target.server) }, first);
}

/** The socket that found out is the first one used; further ones no longer offer h2. */
function overHttp1(host: Host, target: DialTarget, first: TLSSocket): Transport {
  const dialer: Dialer = createDialer(host, target, ['http/1.1']);
  let spare: TLSSocket | undefined = first;
  return createHttp1Transport(target.server, (signal) => {
    const socket = spare;
    spare = undefined;
    return socket && !socket.destroyed ? Promise.resolve(socket) : dialer.dial(signal);
  });
}

function authorityOf(server: URL): string {
  const name = hostName(server);
  return `${name.includes(':') ? `[${name}]` : name}:${portOf(server)}`;
}
