/** What the site asks of every machine, as files: proxy, authorities, mirrors, accounts at registries. */
import { stringify } from 'yaml';
import type { ResolvedRegistry } from '../../../config/resolved-site.ts';
import type { KubeObject } from '../../../kube/types.ts';
import { type NodeFile, type Rendering, secretObject } from '../rendering.ts';

export interface SiteFiles {
  readonly files: readonly NodeFile[];
  /** Run before Kubernetes is started. */
  readonly commands: readonly string[];
}

const NOTHING: SiteFiles = { files: [], commands: [] };
/** Key in the Secret with accounts at registries. */
const REGISTRIES_KEY = 'registries';

/** Debian's and Red Hat's places and programs for authorities. */
const CA_FOLDERS = ['/usr/local/share/ca-certificates', '/etc/pki/ca-trust/source/anchors'];
const TRUST = 'if command -v update-ca-certificates; then update-ca-certificates; else update-ca-trust extract; fi';

export function siteFiles(rendering: Rendering): SiteFiles {
  const { infrastructure } = rendering.cluster.capi;
  if (infrastructure === 'local' || infrastructure === 'dev') return NOTHING;
  const parts = [authorities(rendering), proxy(rendering), mirrors(rendering), accounts(rendering)];
  return { files: parts.flatMap(({ files }) => files), commands: parts.flatMap(({ commands }) => commands) };
}

/** The Secret the files point to; undefined when no registry has an account. */
export function registriesSecret(rendering: Rendering): KubeObject | undefined {
  const { infrastructure, bootstrap } = rendering.cluster.capi;
  if (infrastructure === 'local' || infrastructure === 'dev' || !hasAccounts(rendering)) return undefined;
  const text = bootstrap === 'rke2' ? rke2Registries(rendering) : dockerConfig(rendering);
  return secretObject(rendering, registriesSecretName(rendering), { [REGISTRIES_KEY]: text });
}

const registriesSecretName = ({ cluster }: Rendering): string => `${cluster.name}-registries`;

function hasAccounts({ cluster }: Rendering): boolean {
  return cluster.site.registries.some(({ auth }) => auth !== undefined);
}

function authorities({ cluster, text }: Rendering): SiteFiles {
  const bundles = cluster.site.caBundles.map(({ name, certificates }) => ({
    file: `${fileName(name)}.crt`,
    content: `${text(certificates)}\n`,
  }));
  if (bundles.length === 0) return NOTHING;
  const files = bundles.flatMap(({ file, content }) =>
    CA_FOLDERS.map((folder) => ({ path: `${folder}/${file}`, permissions: '0644', content })),
  );
  return { files, commands: [TRUST] };
}

/** Names of bundles are free text. */
const fileName = (name: string): string => name.replace(/[^A-Za-z0-9._-]+/g, '-').replace(/^[.-]+/, '') || 'bundle';

function proxy(rendering: Rendering): SiteFiles {
  const { site, capi } = rendering.cluster;
  if (!site.proxy) return NOTHING;
  const { http, https } = site.proxy;
  const variables = Object.entries({ HTTP_PROXY: http, HTTPS_PROXY: https, NO_PROXY: notProxied(rendering).join(',') });
  const lines = variables.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  if (capi.bootstrap === 'rke2') {
    const content = `${lines.join('\n')}\n`;
    return {
      files: ['server', 'agent'].map((unit) => ({ path: `/etc/default/rke2-${unit}`, permissions: '0644', content })),
      commands: [],
    };
  }
  const content = `[Service]\n${lines.map((line) => `Environment="${line}"`).join('\n')}\n`;
  return {
    files: [{ path: '/etc/systemd/system/containerd.service.d/http-proxy.conf', permissions: '0644', content }],
    commands: ['systemctl daemon-reload', 'systemctl restart containerd'],
  };
}

/** What belongs to the cluster itself is never behind the proxy. */
function notProxied({ cluster: { capi, site } }: Rendering): readonly string[] {
  const { podCidr, serviceCidr, serviceDomain } = capi.network;
  const nodes =
    capi.infrastructure === 'openstack' && capi.openstack.network === undefined
      ? [capi.openstack.nodeCidr]
      : capi.infrastructure === 'aws' && capi.aws.vpc === undefined
        ? [capi.aws.vpcCidr]
        : [];
  const own = ['localhost', '127.0.0.1', podCidr, serviceCidr, ...nodes, `.${serviceDomain}`, '.svc', '169.254.169.254'];
  return [...new Set([...own, ...(capi.endpoint ? [capi.endpoint.host] : []), ...(site.proxy?.noProxy ?? [])])];
}

/** containerd reads one folder for each registry (https://github.com/containerd/containerd/blob/main/docs/hosts.md). */
function mirrors(rendering: Rendering): SiteFiles {
  const { cluster, text } = rendering;
  if (cluster.capi.bootstrap === 'rke2') return plainRke2Registries(rendering);
  const files = cluster.site.registries.flatMap((registry) => {
    if (registry.mirror === undefined && registry.caBundle === undefined) return [];
    const folder = `/etc/containerd/certs.d/${registry.host}`;
    const ca = registry.caBundle && { path: `${folder}/ca.crt`, permissions: '0644', content: `${text(registry.caBundle)}\n` };
    return [{ path: `${folder}/hosts.toml`, permissions: '0644', content: hostsToml(registry, folder) }, ...(ca ? [ca] : [])];
  });
  return { files, commands: [] };
}

function hostsToml({ host, mirror, caBundle }: ResolvedRegistry, folder: string): string {
  const upstream = host === 'docker.io' ? 'registry-1.docker.io' : host;
  const [server = '', ...path] = (mirror ?? upstream).split('/');
  const isNested = path.length > 0;
  const lines = [
    `server = "https://${upstream}"`,
    '',
    `[host."https://${server}${isNested ? `/v2/${path.join('/')}` : ''}"]`,
    '  capabilities = ["pull", "resolve"]',
    ...(isNested ? ['  override_path = true'] : []),
    ...(caBundle ? [`  ca = "${folder}/ca.crt"`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

/** The kubelet logs in with it (https://kubernetes.io/docs/concepts/containers/images/#using-a-private-registry); RKE2 has a file of its own. */
function accounts(rendering: Rendering): SiteFiles {
  if (!hasAccounts(rendering)) return NOTHING;
  const isRke2 = rendering.cluster.capi.bootstrap === 'rke2';
  const path = isRke2 ? RKE2_REGISTRIES : '/var/lib/kubelet/config.json';
  return { files: [{ path, permissions: '0600', secret: { name: registriesSecretName(rendering), key: REGISTRIES_KEY } }], commands: [] };
}

function dockerConfig({ cluster, text }: Rendering): string {
  const auths = cluster.site.registries.flatMap(({ host, auth }) => {
    if (!auth) return [];
    const token = Buffer.from(`${text(auth.username)}:${text(auth.password)}`).toString('base64');
    return [[host === 'docker.io' ? 'https://index.docker.io/v1/' : host, { auth: token }] as const];
  });
  return JSON.stringify({ auths: Object.fromEntries(auths) });
}

const RKE2_REGISTRIES = '/etc/rancher/rke2/registries.yaml';

/** Without accounts nothing in it is secret, and a change of it makes new machines. */
function plainRke2Registries(rendering: Rendering): SiteFiles {
  const { registries } = rendering.cluster.site;
  const authorityFiles = registries.flatMap(({ host, caBundle }) =>
    caBundle ? [{ path: rke2Authority(host), permissions: '0644', content: `${rendering.text(caBundle)}\n` }] : [],
  );
  const isNeeded = registries.length > 0 && !hasAccounts(rendering);
  const file = { path: RKE2_REGISTRIES, permissions: '0600', content: isNeeded ? rke2Registries(rendering) : '' };
  return { files: [...(isNeeded ? [file] : []), ...authorityFiles], commands: [] };
}

const rke2Authority = (host: string): string => `/etc/rancher/rke2/registry-${fileName(host)}.crt`;

/** https://docs.rke2.io/install/private_registry */
function rke2Registries({ cluster, text }: Rendering): string {
  const { registries } = cluster.site;
  const mirrorEntries = registries.flatMap(({ host, mirror }) => (mirror === undefined ? [] : [[host, rke2Mirror(mirror)] as const]));
  const configEntries = registries.flatMap(({ host, mirror, auth, caBundle }) => {
    if (!auth && !caBundle) return [];
    const account = auth && { auth: { username: text(auth.username), password: text(auth.password) } };
    const server = mirror?.split('/')[0] ?? host;
    return [[server, { ...account, ...(caBundle && { tls: { ca_file: rke2Authority(host) } }) }] as const];
  });
  return stringify({ mirrors: Object.fromEntries(mirrorEntries), configs: Object.fromEntries(configEntries) });
}

function rke2Mirror(mirror: string) {
  const [server, ...path] = mirror.split('/');
  const rewrite = path.length === 0 ? {} : { rewrite: { '^(.*)$': `${path.join('/')}/$1` } };
  return { endpoint: [`https://${server}`], ...rewrite };
}
