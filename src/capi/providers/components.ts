/** The component manifests that ship with Slipway, one file for each provider, and what they become on a cluster. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SlipwayError } from '../../core/errors.ts';
import { SLIPWAY_VERSION } from '../../core/version.ts';
import type { Host } from '../../host/host.ts';
import { marked } from '../../kube/ownership.ts';
import type { KubeObject } from '../../kube/types.ts';
import { CLOUD_FILE_VARIABLE } from '../in-memory/cloud.ts';
import { localProviderObjects } from '../local/definitions.ts';
import { CLUSTERCTL_LABEL, PROVIDER_LABEL } from '../words.ts';
import type { Placement } from './options.ts';
import { orderProviders, type ProviderFacts, type ProviderName } from './provider.ts';

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), '..', 'components');

export interface ProviderComponents {
  readonly facts: ProviderFacts;
  /** `v1.14.0`. */
  readonly version: string;
  readonly objects: readonly KubeObject[];
}

interface ComponentList {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly items: readonly KubeObject[];
}

/** In the order in which they are installed. @throws SLW-CAP-001 */
export function loadProviders(host: Host, names: readonly ProviderName[]): Promise<readonly ProviderComponents[]> {
  return Promise.all(orderProviders(names).map((facts) => load(host, facts)));
}

async function load(host: Host, facts: ProviderFacts): Promise<ProviderComponents> {
  if (facts.name === 'local') return { facts, version: `v${SLIPWAY_VERSION}`, objects: localObjects(facts) };
  const path = join(FOLDER, `${facts.name}.json`);
  const text = await host.files.readText(path);
  if (text === undefined) throw new SlipwayError('SLW-BUG-001', `the component manifests of ${facts.name} are missing at ${path}`);
  const { metadata, items } = JSON.parse(text) as ComponentList;
  return { facts, version: metadata.annotations['version'] ?? '', objects: items };
}

/** On definitions of a provider without a manager; there is no image that says it. */
export const VERSION_LABEL = 'app.kubernetes.io/version';

function localObjects({ label }: ProviderFacts): readonly KubeObject[] {
  const labels = { [PROVIDER_LABEL]: label, [CLUSTERCTL_LABEL]: '', [VERSION_LABEL]: `v${SLIPWAY_VERSION}` };
  return localProviderObjects().map((object) => ({
    ...object,
    metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } },
  }));
}

export const isDefinition = ({ kind }: KubeObject): boolean => kind === 'CustomResourceDefinition';
export const isAdmission = ({ kind }: KubeObject): boolean =>
  kind === 'MutatingWebhookConfiguration' || kind === 'ValidatingWebhookConfiguration';
const isDeployment = ({ kind }: KubeObject): boolean => kind === 'Deployment';

export interface BaseWish {
  readonly owner: string;
  readonly placement: Placement;
  /** Its manager was stopped on purpose: nobody but who stopped it says how many replicas there are. */
  readonly isStopped: boolean;
}

/** Everything but what tells the API server of webhooks: that waits until they are served. */
export function baseObjects({ facts, objects }: ProviderComponents, wish: BaseWish): readonly KubeObject[] {
  return objects
    .filter((object) => !isAdmission(object))
    .map((object) => {
      if (isDefinition(object)) return marked(withoutConversion(object), wish.owner);
      return marked(isDeployment(object) ? placed(object, facts, wish) : object, wish.owner);
    });
}

function withoutConversion(definition: KubeObject): KubeObject {
  const { conversion: _conversion, ...spec } = definition['spec'] as Readonly<Record<string, unknown>>;
  return { ...definition, spec };
}

interface Container {
  readonly args: readonly string[];
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
}
interface DeploymentSpec {
  readonly replicas: number;
  readonly template: { readonly spec: { readonly containers: readonly Container[] } };
}

function placed(deployment: KubeObject, facts: ProviderFacts, { placement, isStopped }: BaseWish): KubeObject {
  const { replicas, ...rest } = deployment['spec'] as DeploymentSpec;
  const spec = { ...rest, ...(!isStopped && { replicas }) };
  if (placement.kind === 'kubelet') {
    if (facts.name === 'in-memory')
      throw new SlipwayError(
        'SLW-CAP-007',
        'the provider in-memory runs as a process of this machine, not in a pod of a cluster with nodes',
      );
    return { ...deployment, spec };
  }
  const { cloudFile } = placement;
  const template = {
    ...rest.template,
    spec: { ...rest.template.spec, containers: rest.template.spec.containers.map(asProcess(facts, cloudFile)) },
  };
  // Without leader election two at once would both act.
  return { ...deployment, spec: { ...spec, strategy: { type: 'Recreate' }, template } };
}

/** Of all controllers on one machine: each object more often than once a second. */
const LOCAL_GATE = 'ReconcilerRateLimiting';

const asProcess =
  (facts: ProviderFacts, cloudFile: string | undefined) =>
  (container: Container): Container => {
    if (facts.name === 'in-memory' && cloudFile === undefined)
      throw new SlipwayError('SLW-BUG-001', 'the provider in-memory is wanted without the file of its cloud');
    const env =
      facts.name === 'in-memory' ? [...(container.env ?? []), { name: CLOUD_FILE_VARIABLE, value: cloudFile ?? '' }] : container.env;
    const args = container.args.map((arg) =>
      arg.startsWith('--feature-gates=') ? arg.replace(new RegExp(`${LOCAL_GATE}=\\w+`), `${LOCAL_GATE}=false`) : arg,
    );
    return { ...container, args, ...(env && { env }) };
  };

/** How the API server reaches one provider's webhooks: by URL of this machine, or by its Service. */
export interface WebhookAddress {
  /** `https://127.0.0.1:PORT`; undefined: the Service that the manifests name. */
  readonly baseUrl?: string;
  /** PEM. */
  readonly ca: string;
}

type ClientConfig = Readonly<Record<string, unknown>>;
interface ServiceConfig {
  readonly service: { readonly path: string };
}

const clientConfig = ({ service }: ServiceConfig, { baseUrl, ca }: WebhookAddress): ClientConfig => ({
  ...(baseUrl === undefined ? { service } : { url: `${baseUrl}${service.path}` }),
  caBundle: Buffer.from(ca).toString('base64'),
});

/** What tells the API server of the webhooks; of a definition only the fields about conversion. */
export function connectionObjects({ objects }: ProviderComponents, owner: string, address: WebhookAddress): readonly KubeObject[] {
  const admission = objects.filter(isAdmission).map((object) => {
    const webhooks = (object['webhooks'] as readonly { readonly clientConfig: ServiceConfig }[]).map((webhook) => ({
      ...webhook,
      clientConfig: clientConfig(webhook.clientConfig, address),
    }));
    return marked({ ...object, webhooks }, owner);
  });
  const conversions = objects.filter(isDefinition).flatMap(({ apiVersion, kind, metadata, spec }) => {
    const { conversion } = spec as {
      readonly conversion?: { readonly strategy: string; readonly webhook: { readonly clientConfig: ServiceConfig } };
    };
    if (!conversion) return [];
    const webhook = { ...conversion.webhook, clientConfig: clientConfig(conversion.webhook.clientConfig, address) };
    return [{ apiVersion, kind, metadata: { name: metadata.name }, spec: { conversion: { ...conversion, webhook } } }];
  });
  return [...conversions, ...admission];
}
