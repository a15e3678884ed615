/** What the site asks of every cluster, as objects on it: registry credentials, proxy, authorities. Machines get theirs by the definition. */
import { resolveValue, type Value } from '../../config/references.ts';
import type { ResolvedSite } from '../../config/resolved-site.ts';
import { SLIPWAY_NAMESPACE } from '../../capi/words.ts';
import { FLUX_NAMESPACE } from '../../flux/source.ts';
import type { Host } from '../../host/host.ts';
import { MANAGED_BY } from '../../kube/ownership.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';

/** `dockerconfigjson` for imagePullSecrets and Flux; also in Flux's namespace, where that is installed. */
export const REGISTRY_SECRET = 'site-registries';
export const PROXY_CONFIG = 'site-proxy';
export const CA_CONFIG = 'site-ca-bundles';

/** Not the owner's mark: by that, what GitOps put there is told from what it no longer wants. */
const labels = { [MANAGED_BY]: 'slipway' };

export interface SiteOptions {
  readonly host: Host;
  readonly context: ProvisionerContext;
  readonly hasFlux: boolean;
}

/** Nothing when the project says nothing of its site. @throws SLW-CFG-032 to -034 for references that give nothing */
export async function siteObjects(site: ResolvedSite, options: SiteOptions): Promise<readonly KubeObject[]> {
  const { hasFlux } = options;
  const namespaces = [SLIPWAY_NAMESPACE, ...(hasFlux ? [FLUX_NAMESPACE] : [])];
  const [registries, bundles] = [await dockerConfig(site, options), await caBundle(site, options)];
  const proxy = proxyData(site);
  const everywhere = (make: (namespace: string) => KubeObject): readonly KubeObject[] => namespaces.map(make);
  const objects = [
    ...(registries === undefined
      ? []
      : everywhere((namespace) => ({
          apiVersion: 'v1',
          kind: 'Secret',
          metadata: { name: REGISTRY_SECRET, namespace, labels },
          type: 'kubernetes.io/dockerconfigjson',
          data: { '.dockerconfigjson': Buffer.from(registries).toString('base64') },
        }))),
    ...(proxy ? everywhere((namespace) => configMap(PROXY_CONFIG, namespace, proxy)) : []),
    ...(bundles === undefined ? [] : everywhere((namespace) => configMap(CA_CONFIG, namespace, { 'ca.crt': bundles }))),
  ];
  if (objects.length === 0) return [];
  return [{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SLIPWAY_NAMESPACE } }, ...objects];
}

const configMap = (name: string, namespace: string, data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, labels },
  data,
});

async function dockerConfig({ registries }: ResolvedSite, options: SiteOptions): Promise<string | undefined> {
  const auths: Record<string, unknown> = {};
  for (const { host, auth } of registries) {
    if (!auth) continue;
    const [username, password] = [await text(auth.username, options), await text(auth.password, options)];
    const joined = Buffer.from(`${username}:${password}`).toString('base64');
    options.context.redactor.add(joined);
    auths[host] = { username, password, auth: joined };
  }
  return Object.keys(auths).length === 0 ? undefined : JSON.stringify({ auths });
}

async function caBundle({ caBundles }: ResolvedSite, options: SiteOptions): Promise<string | undefined> {
  const pems = await Promise.all(caBundles.map(({ certificates }) => text(certificates, options)));
  return pems.length === 0 ? undefined : `${pems.map((pem) => pem.trimEnd()).join('\n')}\n`;
}

function proxyData({ proxy }: ResolvedSite): Readonly<Record<string, string>> | undefined {
  if (!proxy) return undefined;
  const { http, https, noProxy } = proxy;
  return {
    ...(http !== undefined && { HTTP_PROXY: http }),
    ...(https !== undefined && { HTTPS_PROXY: https }),
    NO_PROXY: noProxy.join(','),
  };
}

function text(value: Value, { host, context }: SiteOptions): Promise<string> {
  const { redactor, outputs } = context;
  return resolveValue(host, value, { redactor, outputs });
}
