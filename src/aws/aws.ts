/**
 * Our own calls to AWS: signed requests to the few services that Slipway asks itself (what is infrastructure goes through OpenTofu).
 * Knows requests, answers and failures; not what is done with them. A credential never leaves this folder but in a signature
 * or in the environment of a child.
 */
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import type { AwsAnswer, AwsCall } from './call.ts';
import { type AwsCredentials, createCredentialSource, type CredentialOptions, type CredentialSource } from './credentials.ts';
import { createSender, type Sender } from './send.ts';

export interface AwsOptions extends CredentialOptions {
  readonly region: string;
}

/** One identity in one region; connections are kept and shared. */
export interface Aws {
  readonly host: Host;
  readonly region: string;
  /** Sends one call; throttling and outages are tried again with backoff. @throws SLW-AWS-001 to SLW-AWS-011 */
  send(call: AwsCall, signal: AbortSignal): Promise<AwsAnswer>;
  /** @throws SLW-AWS-001, SLW-AWS-002 */
  credentials(signal: AbortSignal): Promise<AwsCredentials>;
  /** The same identity elsewhere. */
  in(region: string): Aws;
  /** Closes idle connections, also those of `in`; safe to call again. */
  close(): void;
}

/** Asks nothing yet: credentials are looked for at the first call. @throws SLW-AWS-010 for what is no region's name */
export function connectAws(host: Host, options: AwsOptions): Aws {
  const source = createCredentialSource(host, options);
  return build(options.region, { host, source, sender: createSender(host, source) });
}

interface Parts {
  readonly host: Host;
  readonly source: CredentialSource;
  readonly sender: Sender;
}

function build(region: string, parts: Parts): Aws {
  if (!/^[a-z]{2}(?:-[a-z]+)+-\d+$/.test(region)) throw new SlipwayError('SLW-AWS-010', `${region} is no AWS region`);
  const { host, source, sender } = parts;
  return {
    host,
    region,
    send: (call, signal) => sender.send(region, call, signal),
    credentials: (signal) => source.current(signal),
    in: (other) => build(other, parts),
    close: () => sender.close(),
  };
}
