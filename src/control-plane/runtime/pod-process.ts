/**
 * From a container of a pod to a process: its private folder, its ports, its environment, the identity of its ServiceAccount
 * as a client certificate (so that RBAC of the manifests holds), its command line.
 */
import { join } from 'node:path';
import { sha256 } from '../../core/digest.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { Host } from '../../host/host.ts';
import type { KubeClient } from '../../kube/types.ts';
import { ensureIdentities, type IdentitySet } from '../../pki/identity-files.ts';
import type { BinaryName } from '../../toolchain/catalogue.ts';
import { clusterLayout } from '../cluster-layout.ts';
import { ensureKubeconfig } from '../kubeconfig-file.ts';
import { type LocalCluster, serverUrl } from '../local-cluster.ts';
import type { ProcessSpec, ReadinessProbe } from '../processes.ts';
import { allProbes, httpProbe, textProbe, tlsProbe } from '../readiness-probe.ts';
import { type AdapterContext, expandVariables, type ImageAdapter, imageAdapters, mapArguments } from './image-adapters.ts';
import { type Container, type EnvVar, type Pod, podKey, workloadOf } from './pod.ts';
import { settlePodPorts } from './pod-ports.ts';

/** Register names of the runtime's processes begin so. */
export const POD_PREFIX = 'pod.';

const MAX_NAME = 180;

/** Readable, unique on the cluster, and short enough for a file name. */
export function podComponent(pod: Pod, container: Container): string {
  return fileName(`${POD_PREFIX}${pod.metadata.namespace ?? 'default'}.${pod.metadata.name}.${container.name}`);
}

const fileName = (name: string): string =>
  name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 13)}.${sha256(name).slice(0, 12)}`;

export interface PodProcessOptions {
  readonly host: Host;
  readonly client: KubeClient;
  readonly cluster: LocalCluster;
  readonly signal: AbortSignal;
}

export interface ContainerProcess {
  readonly spec: ProcessSpec;
  readonly ready: ReadinessProbe;
}

/** Prepares files and chooses ports; starts nothing. Safe to call again: a running process keeps its ports. */
export async function prepareContainer(
  options: PodProcessOptions,
  pod: Pod,
  { container, binary, path }: { container: Container; binary: BinaryName; path: string },
): Promise<ContainerProcess> {
  const { host, cluster } = options;
  const adapter = imageAdapters[binary];
  if (!adapter) throw new SlipwayError('SLW-LOC-007', `${container.image} cannot run here`, { object: `Pod/${podKey(pod)}` });
  const component = podComponent(pod, container);
  const layout = clusterLayout(cluster.dir);
  const dir = join(layout.runtimeDir, component.slice(POD_PREFIX.length));
  await host.files.mkdir(join(dir, 'data'));
  await host.files.mkdir(join(dir, 'tmp'));
  const kubeconfig = await serviceAccountKubeconfig(options, pod, dir);
  const serving = await servingFiles(options, pod, adapter);
  const ports = await settlePodPorts(host, {
    key: { clusterId: cluster.clusterId, component },
    file: join(layout.runtimeDir, '.ports', fileName(`${pod.metadata.namespace ?? 'default'}.${workloadOf(pod)}.${container.name}`)),
    names: adapter.ports,
  });
  const env = {
    ...passedEnvironment(host),
    HOME: dir,
    TMPDIR: join(dir, 'tmp'),
    KUBECONFIG: kubeconfig,
    ...without(await containerEnvironment(options, pod, container), adapter.withoutEnv ?? []),
  };
  const flags = adapter.flags({ ports, dir, kubeconfig, serving });
  return {
    spec: {
      component,
      command: path,
      args: mapArguments(container.args ?? [], flags).map((arg) => expandVariables(arg, env)),
      cwd: dir,
      env,
      logFile: layout.log(component),
      clusterDir: cluster.dir,
      ports,
      inputs: { kubeconfig: sha256((await host.files.readText(kubeconfig)) ?? '') },
      labels: { pod: podKey(pod), podUid: pod.metadata.uid ?? '', container: container.name, image: container.image, dir },
    },
    ready: await readinessOf(options, adapter, { ports, dir }),
  };
}

async function readinessOf(
  { host, cluster }: PodProcessOptions,
  adapter: ImageAdapter,
  { ports, dir }: { ports: Readonly<Record<string, number>>; dir: string },
): Promise<ReadinessProbe> {
  const port = (name: string): number => ports[name] ?? 0;
  const probes = adapter.ready.map((asked) => httpProbe(port(asked.port), asked.path));
  if (adapter.servesTls !== undefined) probes.push(tlsProbe(host, port(adapter.servesTls), clusterLayout(cluster.dir).cert('ca')));
  if (adapter.servesData !== undefined) {
    const text = await ensureMarker(host, join(dir, 'data', MARKER));
    probes.push(textProbe(port(adapter.servesData), `/${MARKER}`, text));
  }
  return allProbes(probes);
}

const MARKER = 'slipway-marker';

/** A secret of this process that nobody else on the port can answer with; kept, so that a running one is recognised. */
async function ensureMarker(host: Host, path: string): Promise<string> {
  const standing = await host.files.readText(path);
  if (standing !== undefined) return standing;
  const text = Buffer.from(host.random.bytes(16)).toString('hex');
  await host.files.writeAtomic(path, text);
  return text;
}

const without = (env: Readonly<Record<string, string>>, names: readonly string[]): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));

/** The serving certificate of a workload stands beside those of the control plane: one authority signs them all. */
async function servingFiles({ host, cluster }: PodProcessOptions, pod: Pod, adapter: ImageAdapter): Promise<AdapterContext['serving']> {
  const dir = clusterLayout(cluster.dir).pkiDir;
  const name = fileName(`serving.${pod.metadata.namespace ?? 'default'}.${workloadOf(pod)}`);
  const leaf = {
    name,
    issuer: 'ca',
    subject: { commonName: workloadOf(pod).slice(0, 64) },
    usages: ['server'] as const,
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  };
  if (adapter.servesTls !== undefined) await ensureIdentities(host, { dir, authorities: [], leaves: [leaf], signingKeys: [] });
  return { dir, certificate: `${name}.crt`, key: `${name}.key` };
}

/** `system:serviceaccount:NS:NAME` with the groups that a token of it would carry. */
export function serviceAccountIdentity(
  pkiDir: string,
  namespace: string,
  name: string,
): IdentitySet & { readonly pair: string; readonly user: string } {
  const user = `system:serviceaccount:${namespace}:${name}`;
  const pair = `service-account.${namespace}.${name}`;
  const leaf = {
    name: pair,
    issuer: 'ca',
    subject: { commonName: user, organizations: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`] },
    usages: ['client'] as const,
  };
  return { dir: pkiDir, authorities: [], leaves: [leaf], signingKeys: [], pair, user };
}

async function serviceAccountKubeconfig({ host, cluster }: PodProcessOptions, pod: Pod, dir: string): Promise<string> {
  const { pkiDir } = clusterLayout(cluster.dir);
  const identity = serviceAccountIdentity(pkiDir, pod.metadata.namespace ?? 'default', pod.spec.serviceAccountName ?? 'default');
  await ensureIdentities(host, identity);
  const path = join(dir, 'kubeconfig');
  await ensureKubeconfig(host, {
    path,
    cluster: cluster.name,
    server: serverUrl(cluster),
    pkiDir,
    pair: identity.pair,
    user: identity.user,
  });
  return path;
}

const PASSED = ['PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy', 'SSL_CERT_FILE', 'SSL_CERT_DIR'];

function passedEnvironment(host: Host): Readonly<Record<string, string>> {
  return Object.fromEntries(
    PASSED.flatMap((name) => {
      const value = host.env.get(name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

async function containerEnvironment(options: PodProcessOptions, pod: Pod, container: Container): Promise<Readonly<Record<string, string>>> {
  const env: Record<string, string> = {};
  for (const variable of container.env ?? []) {
    const value = variable.value === undefined ? await referencedValue(options, pod, variable) : expandVariables(variable.value, env);
    if (value !== undefined) env[variable.name] = value;
  }
  return env;
}

/** Limits are not enforced here, so what is derived from them (`resourceFieldRef`) is left to the program. */
async function referencedValue(options: PodProcessOptions, pod: Pod, { valueFrom }: EnvVar): Promise<string | undefined> {
  if (valueFrom?.fieldRef) return fieldValue(pod, valueFrom.fieldRef.fieldPath);
  const secret = valueFrom?.secretKeyRef;
  if (secret)
    return dataValue(
      await readData(options, { kind: 'Secret', namespace: pod.metadata.namespace, name: secret.name }),
      secret.key,
      'base64',
    );
  const config = valueFrom?.configMapKeyRef;
  return (
    config &&
    dataValue(await readData(options, { kind: 'ConfigMap', namespace: pod.metadata.namespace, name: config.name }), config.key, 'utf8')
  );
}

async function readData(
  { client, signal }: PodProcessOptions,
  { kind, namespace, name }: { kind: string; namespace: string | undefined; name: string },
): Promise<Readonly<Record<string, string>> | undefined> {
  const object = await client.get({ apiVersion: 'v1', kind, namespace: namespace ?? 'default', name }, signal);
  return object?.['data'] as Readonly<Record<string, string>> | undefined;
}

const dataValue = (data: Readonly<Record<string, string>> | undefined, key: string, encoding: BufferEncoding): string | undefined => {
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, encoding).toString('utf8');
};

/** The downward API's fields; addresses of a pod are loopback here. */
function fieldValue(pod: Pod, fieldPath: string): string | undefined {
  const { metadata, spec } = pod;
  const fields: Readonly<Record<string, string | undefined>> = {
    'metadata.name': metadata.name,
    'metadata.namespace': metadata.namespace,
    'metadata.uid': metadata.uid,
    'spec.nodeName': spec.nodeName,
    'spec.serviceAccountName': spec.serviceAccountName ?? 'default',
    'status.podIP': '127.0.0.1',
    'status.hostIP': '127.0.0.1',
  };
  const label = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(fieldPath);
  if (label) return (label[1] === 'labels' ? metadata.labels : metadata.annotations)?.[label[2] ?? ''];
  return fields[fieldPath];
}
