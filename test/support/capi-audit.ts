/**
 * What the audit logs of two API servers say about a pivot: who owned each Cluster when, and who made or deleted what. The claim "never
 * two live owners" is read from here, not from the word of the program that is being tested.
 */
import { existsSync, readFileSync } from 'node:fs';

/** Bodies only of Clusters (whose pause is what counts), never of Secrets. */
export const AUDIT_POLICY = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
  - {level: None, verbs: [get, list, watch]}
  - level: RequestResponse
    resources: [{group: cluster.x-k8s.io, resources: [clusters, clusters/status]}]
  - level: Metadata
    resources:
      - {group: cluster.x-k8s.io}
      - {group: bootstrap.cluster.x-k8s.io}
      - {group: controlplane.cluster.x-k8s.io}
      - {group: infrastructure.cluster.x-k8s.io}
      - {group: addons.cluster.x-k8s.io}
      - {group: "", resources: [secrets, configmaps]}
      - {group: apps, resources: [deployments, deployments/scale]}
  - {level: None}
`;

export interface AuditEvent {
  /** ms since the epoch, with a fraction: when the server took the request, and when it had answered. */
  readonly from: number;
  readonly to: number;
  readonly verb: string;
  readonly user: string;
  readonly agent: string;
  readonly code: number;
  /** `resource.group`, e.g. `machines.cluster.x-k8s.io`; with `/status` for a subresource. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly dryRun: boolean;
  /** Of Clusters: the object after the write. */
  readonly object?: AuditedObject;
}

interface AuditedObject {
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly resourceVersion?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec?: { readonly paused?: boolean };
}

interface RawEvent {
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly userAgent?: string;
  readonly requestURI: string;
  readonly objectRef?: {
    readonly resource: string;
    readonly apiGroup?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly responseObject?: AuditedObject;
}

/** Successful and failed writes in the order of their answers. */
export function readAudit(file: string): readonly AuditEvent[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n');
  // A server that was killed may have left half a line.
  const raw = lines.flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as RawEvent] : []));
  return raw
    .filter((event) => event.objectRef !== undefined)
    .map(toEvent)
    .sort((a, b) => a.to - b.to);
}

function resourceOf({ objectRef }: RawEvent): string {
  const { resource = '', apiGroup, subresource } = objectRef ?? {};
  return `${resource}${apiGroup === undefined ? '' : `.${apiGroup}`}${subresource === undefined ? '' : `/${subresource}`}`;
}

function toEvent(raw: RawEvent): AuditEvent {
  const { namespace = '', name } = raw.objectRef ?? {};
  const object = raw.responseObject;
  return {
    from: preciseTime(raw.requestReceivedTimestamp),
    to: preciseTime(raw.stageTimestamp),
    verb: raw.verb,
    user: raw.user.username,
    agent: raw.userAgent ?? '',
    code: raw.responseStatus?.code ?? 0,
    resource: resourceOf(raw),
    namespace,
    name: name ?? object?.metadata?.name ?? '',
    dryRun: raw.requestURI.includes('dryRun='),
    ...(object && { object }),
  };
}

/** Audit times have microseconds, Date has not. */
function preciseTime(text: string): number {
  const [, seconds = text, fraction = '0'] = /^(.*)\.(\d+)Z$/.exec(text) ?? [];
  return Date.parse(`${seconds.replace(/Z$/, '')}Z`) + Number(`0.${fraction}`) * 1_000;
}

const succeeded = ({ code, dryRun }: AuditEvent): boolean => code >= 200 && code < 300 && !dryRun;
const CLUSTERS = 'clusters.cluster.x-k8s.io';

interface Span {
  readonly from: number;
  readonly until: number;
}

/** Writes of a Cluster and of its status: both are answered with the whole object. */
const writesOf = (events: readonly AuditEvent[], key: string): readonly AuditEvent[] =>
  events.filter(
    ({ resource, dryRun, namespace, name }) =>
      (resource === CLUSTERS || resource === `${CLUSTERS}/status`) && !dryRun && `${namespace}/${name}` === key,
  );

/** A write of a client that was killed meanwhile is logged as 504, without the object, also when it was stored. */
const isInDoubt = ({ code, resource }: AuditEvent): boolean => resource === CLUSTERS && (code >= 500 || code === 0);

const showsLive = ({ verb, object }: AuditEvent): boolean => verb !== 'delete' && object?.spec?.paused !== true;

interface Observation {
  readonly isLive: boolean;
  readonly from: number;
  readonly to: number;
}

/** What answers showed, in the order of what was stored. A write in doubt before one of them may have done it. */
function observationsOf(events: readonly AuditEvent[], key: string): readonly Observation[] {
  const found: Observation[] = [];
  let doubt: number | undefined;
  let newest = 0;
  for (const event of writesOf(events, key)) {
    if (isInDoubt(event)) doubt ??= event.from;
    const version = Number(event.object?.metadata?.resourceVersion ?? newest);
    if (!succeeded(event) || version < newest) continue;
    found.push({ isLive: showsLive(event), from: doubt ?? event.from, to: event.to });
    [doubt, newest] = [undefined, version];
  }
  return found;
}

/** Spans in which a Cluster may have been live: from the moment the write was taken until the pausing write was answered, or seen. */
export function liveSpans(events: readonly AuditEvent[], key: string, liveAtStart: boolean): readonly Span[] {
  const spans: Span[] = [];
  let live = liveAtStart ? -Infinity : undefined;
  for (const { isLive, from, to } of observationsOf(events, key)) {
    if (isLive) live ??= from;
    else if (live !== undefined) {
      spans.push({ from: live, until: to });
      live = undefined;
    }
  }
  return live === undefined ? spans : [...spans, { from: live, until: Infinity }];
}

export interface AuditPair {
  readonly source: readonly AuditEvent[];
  readonly target: readonly AuditEvent[];
}

/** Clusters (`namespace/name`) that were unpaused on both API servers at one moment; `live`: those unpaused at the source at first. */
export function findTwoOwners({ source, target }: AuditPair, live: readonly string[]): readonly string[] {
  return live.filter((key) => {
    const [here, there] = [liveSpans(source, key, true), liveSpans(target, key, false)];
    return here.some((a) => there.some((b) => a.from < b.until && b.from < a.until));
  });
}

/** Kinds whose creation or deletion by a controller means that a machine came or went. */
const MACHINERY = /^(machines|machinesets|devmachines|kubeadmconfigs|machinepools|devclusters|kubeadmcontrolplanes|machinedeployments)\./;

/** Asks every kind to be emptied, also in an empty namespace; whether a machine went by that is what the cloud says. */
const NAMESPACE_CONTROLLER = 'system:serviceaccount:kube-system:namespace-controller';

/** Creations and deletions of machinery by anybody but the administrator, whose name the pivot works under. */
export function findMachineryChanges(events: readonly AuditEvent[], administrator: string): readonly string[] {
  return events
    .filter(
      (event) =>
        succeeded(event) &&
        ![administrator, NAMESPACE_CONTROLLER].includes(event.user) &&
        /^(create|delete|deletecollection)$/.test(event.verb),
    )
    .filter(({ resource }) => MACHINERY.test(resource) && !resource.includes('/'))
    .map(({ verb, user, resource, namespace, name }) => `${user} ${verb} ${resource} ${namespace}/${name}`);
}

const PROVIDER_USER = /^system:serviceaccount:(capi|capd|slipway)[^:]*:/;

/** Writes by the providers' controllers after an instant, for "a fenced source is silent". */
export function controllerWritesAfter(events: readonly AuditEvent[], instant: number): readonly AuditEvent[] {
  return events.filter((event) => event.from > instant && succeeded(event) && PROVIDER_USER.test(event.user));
}
