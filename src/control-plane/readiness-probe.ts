/** Readiness over HTTP(S) on loopback: one short request, verified by the cluster's own authority. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';
import type { ReadinessProbe } from './processes.ts';

const REQUEST_BOUND_MS = 2_000;

export interface ProbeFiles {
  readonly ca: string;
  readonly certificate?: string;
  readonly key?: string;
}

export interface HttpsQuestion {
  readonly port: number;
  readonly path: string;
  readonly files: ProbeFiles;
  /** The answer's text must hold this as well. */
  readonly mentions?: string | undefined;
}

/** A probe that wants status 200 of `https://127.0.0.1:PORT/PATH`; the files are read anew each time, certificates may be renewed. */
export function httpsProbe(host: Host, { port, path, files, mentions }: HttpsQuestion): ReadinessProbe {
  return async (signal) => {
    const read = async (file: string | undefined): Promise<string | undefined> =>
      file === undefined ? undefined : host.files.readText(file);
    const [ca, cert, key] = await Promise.all([read(files.ca), read(files.certificate), read(files.key)]);
    return ask({ secure: { ca, cert, key }, port, path, mentions }, signal);
  };
}

/** The same without TLS; any status from 200 to 399 counts, as for a kubelet. */
export function httpProbe(port: number, path: string): ReadinessProbe {
  return (signal) => ask({ port, path }, signal);
}

/** Wants exactly this text of `http://127.0.0.1:PORT/PATH`: whoever else listens there does not know it. */
export function textProbe(port: number, path: string, text: string): ReadinessProbe {
  return async (signal) => {
    const answer = await receive({ port, path }, signal);
    if (typeof answer === 'string') return answer;
    return answer.status === 200 && answer.body === text ? undefined : `another program answers on port ${port}`;
  };
}

/** Wants TLS on the port, verified by the authority in the file; any answer within it will do. */
export function tlsProbe(host: Host, port: number, caFile: string): ReadinessProbe {
  return async (signal) => {
    const answer = await receive(
      { port, path: '/', secure: { ca: await host.files.readText(caFile), cert: undefined, key: undefined } },
      signal,
    );
    return typeof answer === 'string' ? answer : undefined;
  };
}

/** All must agree; the first that does not gives the reason. */
export function allProbes(probes: readonly ReadinessProbe[]): ReadinessProbe {
  return async (signal) => {
    for (const probe of probes) {
      const reason = await probe(signal);
      if (reason !== undefined) return reason;
    }
    return undefined;
  };
}

const POLL_MS = 50;

export interface WaitOptions {
  readonly component: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly onWaiting?: (reason: string) => void;
}

/** Asks until it serves. @throws SLW-LOC-003 when the bound is reached */
export async function waitUntilServing(
  host: Host,
  probe: ReadinessProbe,
  { component, signal, timeoutMs, onWaiting }: WaitOptions,
): Promise<void> {
  for (const begun = host.clock.monotonic(); ;) {
    signal.throwIfAborted();
    const reason = await probe(signal);
    if (reason === undefined) return;
    if (host.clock.monotonic() - begun > timeoutMs)
      throw new SlipwayError('SLW-LOC-003', `${component} is not ready after ${Math.round(timeoutMs / 1000)}s: ${reason}`, {
        object: component,
      });
    onWaiting?.(reason);
    await host.clock.sleep(POLL_MS, signal);
  }
}

interface Question {
  readonly port: number;
  readonly path: string;
  readonly mentions?: string | undefined;
  readonly secure?: { readonly ca: string | undefined; readonly cert: string | undefined; readonly key: string | undefined };
}

async function ask(question: Question, signal: AbortSignal): Promise<string | undefined> {
  const answer = await receive(question, signal);
  return typeof answer === 'string' ? answer : verdict(answer.status, answer.body, question);
}

/** One request without a pool; a text says why there is no answer. @throws the signal's reason: what an aborted request says is no answer */
function receive(
  { port, path, secure }: Question,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string } | string> {
  const options = { host: '127.0.0.1', port, path, agent: false as const, signal, timeout: REQUEST_BOUND_MS };
  return new Promise((resolve, reject) => {
    const request = secure ? httpsRequest({ ...options, ...secure }) : httpRequest(options);
    request.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('close', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }));
    });
    request.once('timeout', () => request.destroy(new Error(`no answer on ${path} within ${REQUEST_BOUND_MS / 1000}s`)));
    request.once('error', (error) => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve(error.message === '' ? `no answer on port ${port}` : error.message);
    });
    request.end();
  });
}

/** kube-apiserver lists its checks on failure; the failed ones are the cause. */
function verdict(status: number, body: string, { path, mentions = '' }: Pick<Question, 'path' | 'mentions'>): string | undefined {
  if (status >= 200 && status < 400) return body.includes(mentions) ? undefined : `${path} does not speak of ${mentions} yet`;
  const failed = body
    .split('\n')
    .filter((line) => line.startsWith('[-]'))
    .map((line) => line.slice(3).replace(/ failed:.*$/, ''));
  return failed.length > 0 ? `${path} waits for ${failed.join(', ')}` : `${path} answers ${status}`;
}
