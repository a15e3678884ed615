/** What carries requests to one API server; http2.ts and http1.ts do it. Knows bytes and connections, not Kubernetes. */
import type { Readable } from 'node:stream';

export interface TransportRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface TransportResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Must be read to its end or destroyed. Fails with a TransportFailure's cause when the connection breaks. */
  readonly body: Readable;
}

export interface Transport {
  /** @throws TransportFailure; what the signal throws. */
  request(request: TransportRequest): Promise<TransportResponse>;
  /** Takes no more requests; connections end when those in flight have. */
  retire(): void;
  /** Ends all connections; requests in flight fail. */
  close(): void;
}

/** `refused`: nothing was sent. `lost`: it may have arrived. `untrusted`: TLS. `proxy`: no tunnel. `timeout`: no connection in time. `silent`: sent, no answer in time. */
export type FailureKind = 'refused' | 'lost' | 'untrusted' | 'proxy' | 'timeout' | 'silent' | 'protocol';

/** Why no answer came; always turned into a SlipwayError before it leaves src/kube. */
export class TransportFailure extends Error {
  readonly kind: FailureKind;

  constructor(kind: FailureKind, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'TransportFailure';
    this.kind = kind;
  }
}

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_SIGNATURE_FAILURE',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_UNTRUSTED',
  'INVALID_CA',
  'ERR_TLS_CERT_ALTNAME_INVALID',
]);
const NO_TLS = new Set(['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG']);
const NEVER_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_GOAWAY_SESSION',
]);

/** Sorts an error of a socket, of TLS or of HTTP; `connecting` tells that no request had been sent yet. */
export function asTransportFailure(error: unknown, connecting: boolean): TransportFailure {
  if (error instanceof TransportFailure) return error;
  const { code = '', message = String(error), reason = message } = error as { code?: string; message?: string; reason?: string };
  const kind = kindOf(code, connecting);
  if (kind === 'untrusted') return new TransportFailure(kind, reason, error);
  if (kind === 'protocol') return new TransportFailure(kind, 'what answered does not speak TLS', error);
  return new TransportFailure(kind, code === '' ? reason : `${reason} (${code})`, error);
}

function kindOf(code: string, connecting: boolean): FailureKind {
  if (UNTRUSTED.has(code)) return 'untrusted';
  if (NO_TLS.has(code)) return 'protocol';
  if (connecting && code.startsWith('ERR_SSL')) return 'untrusted';
  return connecting || NEVER_SENT.has(code) ? 'refused' : 'lost';
}

/** The whole body as text. */
export function readText(body: Readable, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const fail = (error: unknown): void => reject(signal.aborted ? signal.reason : asTransportFailure(error, false));
    if (body.destroyed) return fail(new Error('the connection ended within the answer'));
    body.on('data', (chunk: Buffer) => chunks.push(chunk));
    body.once('end', () => {
      // A stream of HTTP/2 that was reset, or whose connection broke, ends as if it were whole; only its code tells.
      const { rstCode = 0 } = body as Readable & { readonly rstCode?: number };
      if (rstCode !== 0) fail(new Error('the connection ended within the answer'));
      else resolve(Buffer.concat(chunks).toString('utf8'));
    });
    body.once('error', fail);
    return void body.once('close', () => fail(new Error('the connection ended within the answer')));
  });
}
