/** What lies beside the objects of Cluster API and tells why they stand still: controllers, warnings, Secrets, webhooks. */
import { isAbort, isSlipwayError } from '../../core/errors.ts';
import { groupOf } from '../../kube/discovery.ts';
import { contractConditions } from '../../kube/readiness-cluster-api.ts';
import { numberAt, textAt, valueAt } from '../../kube/readiness-state.ts';
import { readinessOf } from '../../kube/readiness.ts';
import type { KubeClient, KubeObject, KubeResource, ObjectRef } from '../../kube/types.ts';
import { isHeld, listManagers } from '../providers/deployment.ts';
import { kubeconfigSecretName, PROVIDER_LABEL } from '../words.ts';
import type { ClusterRef } from './description.ts';
import { clusterRefOf } from './world.ts';

export interface Warning {
  readonly reason: string;
  readonly message: string;
  /** ISO 8601. */
  readonly time: string;
}

export interface Evidence {
  /** Deployments of providers that do not run or are held, by the value of their provider label. */
  readonly stopped: ReadonlyMap<string, KubeObject>;
  /** The newest warning about an object. */
  warning(object: KubeObject): Warning | undefined;
  /** Whether a Cluster has its kubeconfig Secret; undefined where that may not be known. */
  hasKubeconfig(cluster: ClusterRef): boolean | undefined;
  /** Kinds whose definitions name no contract, as `group/Kind`; looked for only where Cluster API reports an internal error. */
  readonly contractless: ReadonlySet<string>;
  /** Why the API server refuses to write an object of the family, tried without writing. */
  readonly refusals: readonly { readonly ref: ObjectRef; readonly message: string }[];
}

export const noEvidence: Evidence = {
  stopped: new Map(),
  warning: () => undefined,
  hasKubeconfig: () => undefined,
  contractless: new Set(),
  refusals: [],
};

export const DEFINITION = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' } as const;

export interface EvidenceRequest {
  /** Kinds of what the clusters refer to. */
  readonly kinds: readonly KubeResource[];
  /** Clusters that are not well. */
  readonly clusters: readonly KubeObject[];
  readonly signal: AbortSignal;
}

/** What may not be read is left out. */
export async function gatherEvidence(client: KubeClient, { kinds, clusters, signal }: EvidenceRequest): Promise<Evidence> {
  if (clusters.length === 0) return noEvidence;
  const refs = clusters.map(clusterRefOf);
  const namespaces = [...new Set(refs.map(({ namespace }) => namespace))];
  const suspects = clusters.some(hasInternalError) ? kinds : [];
  const [deployments, contractless, secrets, ...warnings] = await Promise.all([
    readOr(listManagers(client, signal), []),
    findContractless(client, suspects, signal),
    Promise.all(refs.map(async (ref) => [keyOf(ref), await hasSecret(client, ref, signal)] as const)),
    ...namespaces.map((namespace) => readOr(listWarnings(client, namespace, signal), [])),
  ]);
  const bySubject = newestBySubject(warnings.flat());
  const known = new Map(secrets);
  return {
    stopped: new Map(
      deployments
        .filter((deployment) => !isRunning(deployment) || isHeld(deployment))
        .map((object) => [object.metadata.labels?.[PROVIDER_LABEL] ?? '', object]),
    ),
    warning: (object) => bySubject.get(subjectOf(object.kind, object.metadata.namespace, object.metadata.name)),
    hasKubeconfig: (ref) => known.get(keyOf(ref)),
    contractless,
    refusals: [],
  };
}

function hasInternalError(cluster: KubeObject): boolean {
  return [...contractConditions(cluster).values()].some(({ status, reason }) => status !== 'True' && reason === 'InternalError');
}

async function findContractless(client: KubeClient, kinds: readonly KubeResource[], signal: AbortSignal): Promise<ReadonlySet<string>> {
  const found = await Promise.all(
    kinds.map(async ({ apiVersion, kind, resource }) => {
      const group = groupOf(apiVersion);
      const definition = await readOr(client.get({ ...DEFINITION, name: `${resource}.${group}` }, signal), undefined);
      const labels = Object.keys(definition?.metadata.labels ?? {});
      return definition && !labels.some((label) => /^cluster\.x-k8s\.io\/v\d/.test(label)) ? [`${group}/${kind}`] : [];
    }),
  );
  return new Set(found.flat());
}

/** At most so many kinds are tried; their webhooks are served by a handful of controllers. */
const MAX_PROBES = 12;

/** Tries to write each object as it is, as a dry run: tells webhooks that cannot be reached. Objects that may not be written are passed over. */
export async function probeAdmission(
  client: KubeClient,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<Evidence['refusals']> {
  const one = [...new Map(objects.map((object) => [`${groupOf(object.apiVersion)}/${object.kind}`, object])).values()].slice(0, MAX_PROBES);
  const answers = await Promise.all(
    one.map(async ({ apiVersion, kind, metadata: { name, namespace, uid } }) => {
      const metadata = { name, ...(namespace !== undefined && { namespace }), ...(uid !== undefined && { uid }) };
      try {
        await client.apply({ apiVersion, kind, metadata }, { dryRun: true, fieldManager: 'slipway-look', signal });
        return undefined;
      } catch (thrown) {
        if (isAbort(thrown)) throw thrown;
        if (!isSlipwayError(thrown) || thrown.code !== 'SLW-KUB-016') return undefined;
        const message = thrown.message.replace(/^cannot \w+ [^:]+: (?:Internal error occurred: )?/, '');
        return { ref: { apiVersion, kind, ...(namespace !== undefined && { namespace }), name }, message };
      }
    }),
  );
  return answers.filter((answer) => answer !== undefined);
}

function isRunning(deployment: KubeObject): boolean {
  return numberAt(deployment, 'spec', 'replicas') !== 0 && readinessOf(deployment).state === 'ready';
}

async function listWarnings(client: KubeClient, namespace: string, signal: AbortSignal): Promise<readonly KubeObject[]> {
  const { items } = await client.list({ apiVersion: 'v1', kind: 'Event' }, { namespace, fieldSelector: 'type=Warning', signal });
  return items;
}

async function hasSecret(client: KubeClient, { namespace, name }: ClusterRef, signal: AbortSignal): Promise<boolean | undefined> {
  const ref = { apiVersion: 'v1', kind: 'Secret', namespace, name: kubeconfigSecretName(name) };
  return readOr(
    client.get(ref, signal).then((secret) => (textAt(secret, 'data', 'value') ?? '') !== ''),
    undefined,
  );
}

async function readOr<T>(reading: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await reading;
  } catch (thrown) {
    if (!isSlipwayError(thrown)) throw thrown;
    return otherwise;
  }
}

function newestBySubject(events: readonly KubeObject[]): ReadonlyMap<string, Warning> {
  const newest = new Map<string, Warning>();
  for (const event of events) {
    const subject = valueAt(event, 'involvedObject');
    const key = subjectOf(textAt(subject, 'kind') ?? '', textAt(subject, 'namespace'), textAt(subject, 'name') ?? '');
    const warning = toWarning(event);
    if ((newest.get(key)?.time ?? '') <= warning.time) newest.set(key, warning);
  }
  return newest;
}

function toWarning(event: KubeObject): Warning {
  const times = [['series', 'lastObservedTime'], ['lastTimestamp'], ['eventTime'], ['metadata', 'creationTimestamp']];
  const time = times.map((path) => textAt(event, ...path)).find((text) => text !== undefined && text !== '') ?? '';
  return { reason: textAt(event, 'reason') ?? 'Warning', message: (textAt(event, 'message') ?? '').trim(), time };
}

const subjectOf = (kind: string, namespace: string | undefined, name: string): string => `${kind}/${namespace ?? ''}/${name}`;
const keyOf = ({ namespace, name }: ClusterRef): string => `${namespace}/${name}`;
