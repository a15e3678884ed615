/**
 * What the in-memory cloud knows, asked over its control endpoint: every machine it ever had, each event in order, endpoints, managers;
 * and the faults it can be told to have. For tests (no machine may appear or vanish in a pivot) and for status.
 */
import { request } from 'node:http';
import { messageOf, SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';

/** In the order they happened, for the whole life of the cloud's folder. */
export interface CloudEvent {
  /** From 1, without gaps. */
  readonly seq: number;
  /** RFC 3339, UTC. */
  readonly time: string;
  /** Counts the starts of the cloud process, from 1. */
  readonly epoch: number;
  /** `machine.restored`: known from before the cloud was restarted, made anew from its objects; it was never gone. */
  readonly type:
    | 'cloud.started'
    | 'manager.started'
    | 'manager.stopped'
    | 'cluster.created'
    | 'cluster.restored'
    | 'cluster.deleted'
    | 'endpoint.assigned'
    | 'machine.created'
    | 'machine.restored'
    | 'machine.deleted';
  /** `NAMESPACE/NAME` of the Cluster. */
  readonly cluster?: string;
  readonly machine?: string;
  /** URL of the API server whose controllers did it. */
  readonly manager?: string;
  /** Of the cluster's API server, with `endpoint.assigned`. */
  readonly port?: number;
}

export interface CloudMachine {
  readonly cluster: string;
  readonly name: string;
  readonly createdSeq: number;
  readonly createdAt: string;
  /** In memory in this epoch; false after a restart, until its objects were reconciled. */
  readonly present: boolean;
}

export interface CloudManager {
  readonly id: string;
  /** URL of its API server. */
  readonly server: string;
  readonly state: 'starting' | 'ready' | 'stopping';
}

export interface CloudEndpoint {
  readonly cluster: string;
  readonly port: number;
  readonly listening: boolean;
}

export interface CloudState {
  readonly pid: number;
  readonly epoch: number;
  readonly lastSeq: number;
  /** Those that exist; deleted ones are told by the events. */
  readonly machines: readonly CloudMachine[];
  readonly managers: readonly CloudManager[];
  readonly endpoints: readonly CloudEndpoint[];
}

/** Every question has a bound of its own. @throws SLW-CAP-020 when the cloud does not answer */
export interface Cloud {
  readonly address: string;
  state(signal?: AbortSignal): Promise<CloudState>;
  /** Events with a higher number. */
  events(after?: number, signal?: AbortSignal): Promise<readonly CloudEvent[]>;
  /** A fault: the API server of that cluster (`NAMESPACE/NAME`) drops its connections and listens no more. */
  stopEndpoint(cluster: string, signal?: AbortSignal): Promise<void>;
  startEndpoint(cluster: string, signal?: AbortSignal): Promise<void>;
}

interface CloudFile {
  readonly address: string;
  readonly token: string;
}

/** The cloud that the file speaks of; undefined while there is no file. A cloud that is restarted writes another one: read again then. */
export async function readCloud(host: Host, path: string): Promise<Cloud | undefined> {
  const text = await host.files.readText(path);
  if (text === undefined) return undefined;
  const file = JSON.parse(text) as CloudFile;
  const get = async (where: string, signal?: AbortSignal): Promise<unknown> => ask(file, { method: 'GET', path: where, signal });
  const fault = async (cluster: string, action: 'start' | 'stop', signal?: AbortSignal): Promise<void> => {
    await ask(file, { method: 'POST', path: `/v1/endpoints/${cluster}/${action}`, signal });
  };
  return {
    address: file.address,
    state: async (signal) => (await get('/v1/state', signal)) as CloudState,
    events: async (after = 0, signal) => (await get(`/v1/events?after=${after}`, signal)) as readonly CloudEvent[],
    stopEndpoint: (cluster, signal) => fault(cluster, 'stop', signal),
    startEndpoint: (cluster, signal) => fault(cluster, 'start', signal),
  };
}

const REQUEST_BOUND_MS = 10_000;

interface Question {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly signal: AbortSignal | undefined;
}

async function ask({ address, token }: CloudFile, { method, path, signal }: Question): Promise<unknown> {
  signal?.throwIfAborted();
  const [host = '', port = ''] = address.split(':');
  const { status, text } = await new Promise<{ readonly status: number; readonly text: string }>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}` };
    const call = request({ host, port, path, method, headers, agent: false, timeout: REQUEST_BOUND_MS, ...(signal && { signal }) });
    call.once('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('error', reject);
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
    });
    call.once('timeout', () => call.destroy(new Error(`no answer within ${REQUEST_BOUND_MS / 1000}s`)));
    call.once('error', reject);
    call.end();
  }).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw unanswered(address, messageOf(error));
  });
  if (status !== 200) throw unanswered(address, `${path} answers ${status} ${text.trim()}`);
  return text === '' ? undefined : (JSON.parse(text) as unknown);
}

const unanswered = (address: string, reason: string): SlipwayError =>
  new SlipwayError('SLW-CAP-020', `the in-memory cloud on ${address} does not answer: ${reason}`);
