/**
 * The connectivity gate: before anything needs the API of a private cluster, is there a way to it? Name, route, TCP, TLS, identity, in
 * this order; the first that fails is what is said. Waits for the operator as long as the project says, else stops with exit 75.
 */
import { formatDuration } from '../../core/duration.ts';
import { isSlipwayError, SlipwayError } from '../../core/errors.ts';
import type { StepReport } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import { routeTo } from './route.ts';

export interface GateOptions {
  readonly host: Host;
  /** `Cluster/prod` */
  readonly subject: string;
  /** URL of the API as EKS gives it. */
  readonly endpoint: string;
  readonly connect: () => Promise<KubeClient>;
  /** A tunnel leads there: name and route are the bastion's affair. */
  readonly isTunnelled: boolean;
  readonly isPublic: boolean;
  readonly waitMs: number;
  readonly signal: AbortSignal;
  readonly report: (report: StepReport) => void;
}

export interface Passed {
  readonly client: KubeClient;
  /** uid of namespace kube-system: the nearest thing to an identity that a cluster has (KEP-2149). */
  readonly uid: string;
}

const CONNECT_MS = 5_000;
const AGAIN_MS = 5_000;

/** @throws SLW-EKS-002 to SLW-EKS-006 when there is no way within the wait; SLW-KUB-… when the cluster refuses us */
export async function passGate(options: GateOptions): Promise<Passed> {
  const { host, signal, waitMs, report, subject } = options;
  const until = host.clock.monotonic() + waitMs;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await tryOnce(options);
    } catch (error) {
      const left = until - host.clock.monotonic();
      if (!isSlipwayError(error) || error.retry !== 'after-user' || left <= 0) throw error;
      const message = `${error.message}; ${error.fix}; looking again for ${formatDuration(left)}`;
      report({ type: 'waiting', object: subject, reason: 'Unreachable', message, boundMs: waitMs });
      await host.clock.sleep(Math.min(AGAIN_MS, left), signal);
    }
  }
}

async function tryOnce(options: GateOptions): Promise<Passed> {
  if (!options.isTunnelled) await requireWay(options);
  try {
    const client = await options.connect();
    const namespace = await client.get({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' }, options.signal);
    return { client, uid: namespace?.metadata.uid ?? '' };
  } catch (error) {
    throw explain(error, options);
  }
}

/** Proves that packets reach the address; says which part of the way is missing. */
async function requireWay(options: GateOptions): Promise<void> {
  const { host, endpoint, subject } = options;
  const { hostname, port } = new URL(endpoint);
  const name = hostname.replace(/^\[|\]$/g, '');
  const addresses = await host.net.lookup(name);
  if (addresses.length === 0)
    throw new SlipwayError('SLW-EKS-002', `${name}, the API of ${subject}, has no address here`, { object: subject });
  const answers = await Promise.all(addresses.map((address) => host.net.canConnect(address, Number(port || 443), CONNECT_MS)));
  if (answers.includes(true)) return;
  throw await missingPart(options, addresses);
}

async function missingPart({ host, subject, isPublic }: GateOptions, addresses: readonly string[]): Promise<SlipwayError> {
  const [address = ''] = addresses;
  const about = { object: subject, data: { addresses } };
  if (!isPrivate(address))
    return new SlipwayError('SLW-EKS-004', `the public API of ${subject} at ${address} does not answer from here`, {
      ...about,
      fix: isPublic
        ? 'put the address that this machine has on the internet into eks.endpointAccess.publicCidrs'
        : 'check the way of this machine to the internet',
    });
  const route = await routeTo(host, address);
  if (route.kind === 'own')
    return new SlipwayError(
      'SLW-EKS-004',
      `the private API of ${subject} at ${address} does not answer, although ${route.device} leads there`,
      about,
    );
  const how = route.kind === 'default' ? `only ${route.device}, the way to the internet, leads there` : 'no route leads there';
  const known = route.kind === 'unknown' ? 'nothing answers there' : how;
  return new SlipwayError('SLW-EKS-003', `the private API of ${subject} at ${address} cannot be reached: ${known}`, about);
}

/** RFC 1918, RFC 6598, RFC 4193. */
function isPrivate(address: string): boolean {
  return /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|127\.|f[cd][0-9a-f]{2}:)/i.test(
    address,
  );
}

const UNTRUSTED = 'SLW-KUB-003';
const SILENT: ReadonlySet<string> = new Set(['SLW-KUB-001', 'SLW-KUB-002']);

function explain(error: unknown, { subject, endpoint }: GateOptions): unknown {
  if (!isSlipwayError(error)) return error;
  if (error.code === UNTRUSTED)
    return new SlipwayError('SLW-EKS-005', `what answers at ${endpoint} is not ${subject}: ${error.message}`, {
      object: subject,
      cause: error,
    });
  if (SILENT.has(error.code))
    return new SlipwayError(
      'SLW-EKS-004',
      `the API of ${subject} takes connections at ${endpoint}, but does not answer: ${error.message}`,
      { object: subject, cause: error },
    );
  return error;
}
