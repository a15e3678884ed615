/** One call: sign, send over a kept connection, straight or through the proxy of the environment, and try again what may be tried again. */
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';
import { SlipwayError } from '../core/errors.ts';
import { backoffDelayMs, type BackoffPolicy } from '../core/retry.ts';
import { SLIPWAY_VERSION } from '../core/version.ts';
import type { Host } from '../host/host.ts';
import type { AwsAnswer, AwsCall } from './call.ts';
import type { CredentialSource } from './credentials.ts';
import { endpointOf } from './endpoints.ts';
import { answerFailure, transportFailure } from './failure.ts';
import { signRequest } from './sign.ts';

export interface Sender {
  send(region: string, call: AwsCall, signal: AbortSignal): Promise<AwsAnswer>;
  close(): void;
}

/** Six attempts within about 20 s: throttling of EC2 refills within seconds, an outage lasts longer anyway. */
const POLICY: BackoffPolicy = { baseMs: 300, capMs: 8_000, attempts: 6 };
/** Bound of one attempt, connection included. */
const ATTEMPT_BOUND_MS = 30_000;
/** Answers are small; a bigger one is no answer of these services. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

export function createSender(host: Host, source: CredentialSource): Sender {
  let agents: Promise<Agents> | undefined;
  const open = (): Promise<Agents> => {
    agents ??= createAgents(host);
    agents.catch(() => (agents = undefined));
    return agents;
  };
  return {
    send: async (region, call, signal) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await sendOnce({ host, source, agents: await open() }, { region, call }, signal);
        } catch (thrown) {
          signal.throwIfAborted();
          if (!(thrown instanceof SlipwayError) || thrown.retry !== 'backoff' || attempt >= POLICY.attempts) throw thrown;
          await host.clock.sleep(thrown.retryAfterMs ?? backoffDelayMs(POLICY, attempt, host.random.number()), signal);
        }
      }
    },
    close: () => {
      const opened = agents;
      agents = undefined;
      void opened?.then(({ http, https }) => [http.destroy(), https.destroy()]).catch(() => undefined);
    },
  };
}

interface Agents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

/** The proxy rules are Node's (HTTPS_PROXY, NO_PROXY); they read the variables of the host, not of the process. */
async function createAgents(host: Host): Promise<Agents> {
  const options = { keepAlive: true, proxyEnv: host.env.variables() };
  const bundle = host.env.get('AWS_CA_BUNDLE');
  if (!bundle) return { http: new HttpAgent(options), https: new HttpsAgent(options) };
  const ca = await host.files.readText(bundle).catch(() => undefined);
  if (ca === undefined) throw new SlipwayError('SLW-AWS-008', `AWS_CA_BUNDLE is ${bundle}, which cannot be read`, { retry: 'no' });
  return { http: new HttpAgent(options), https: new HttpsAgent({ ...options, ca: [...rootCertificates, ca] }) };
}

interface Means {
  readonly host: Host;
  readonly source: CredentialSource;
  readonly agents: Agents;
}

interface Target {
  readonly region: string;
  readonly call: AwsCall;
}

async function sendOnce(means: Means, { region, call }: Target, signal: AbortSignal): Promise<AwsAnswer> {
  const { host, source } = means;
  const credentials = await source.current(signal);
  const url = urlOf(host, region, call);
  const headers = { 'user-agent': `slipway/${SLIPWAY_VERSION}`, ...call.headers };
  const scope = { service: call.service, region, credentials, now: host.clock.now() };
  const signed = await signRequest({ method: call.method, url, headers, ...(call.body && { body: call.body }) }, scope);
  const bound = host.clock.timeout(ATTEMPT_BOUND_MS);
  const about = { call, url, region, from: source.from };
  const answer = await exchange(means.agents, { call, url, headers: signed }, AbortSignal.any([signal, bound])).catch((thrown: unknown) => {
    signal.throwIfAborted();
    throw transportFailure(bound.aborted ? new Error(`no answer within ${ATTEMPT_BOUND_MS / 1000}s`) : thrown, about);
  });
  if (isAccepted(answer.status, call)) return answer;
  throw answerFailure(answer, about);
}

function isAccepted(status: number, { accept }: AwsCall): boolean {
  return (status >= 200 && status < 300) || (accept?.includes(status) ?? false);
}

function urlOf(host: Host, region: string, call: AwsCall): URL {
  const endpoint = endpointOf(host.env, call.service, region);
  const url = new URL(endpoint.url);
  const label = call.hostLabel;
  // No certificate of S3 covers a name with dots; such buckets are named in the path, as where an endpoint is given.
  const inPath = label !== undefined && (endpoint.custom || label.split('.').length > 2);
  if (label !== undefined && !inPath) url.hostname = url.hostname.replace(/^[^.]+/, label);
  const bucket = inPath ? `/${label.replace(/\.s3$/, '')}` : '';
  url.pathname = bucket + call.path;
  const query = Object.entries(call.query ?? {}).map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`);
  url.search = query.join('&');
  return url;
}

interface Exchange {
  readonly call: AwsCall;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
}

function exchange(agents: Agents, { call, url, headers }: Exchange, signal: AbortSignal): Promise<AwsAnswer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const options = { method: call.method, headers: { ...headers, 'content-length': String(call.body?.byteLength ?? 0) }, signal };
    const request =
      url.protocol === 'https:'
        ? httpsRequest(url, { ...options, agent: agents.https })
        : httpRequest(url, { ...options, agent: agents.http });
    request.once('error', reject);
    request.once('response', (response) => void readAnswer(response).then(resolve, reject));
    request.end(call.body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<AwsAnswer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Uint8Array>) {
    size += chunk.byteLength;
    if (size > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  const headers = Object.fromEntries(
    Object.entries(response.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
  return { status: response.statusCode ?? 0, headers, body: Buffer.concat(chunks) };
}
