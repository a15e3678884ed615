/**
 * The table of real components: where their source is, which version is pinned (the go.mod files of toolchain/ are the only place that says),
 * how they are linked, and which container images they stand for. Knows no cluster.
 */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { digestOf, sha256 } from '../core/digest.ts';
import { closest } from '../core/ids.ts';
import { SlipwayError } from '../core/errors.ts';
import type { Host } from '../host/host.ts';

export type BinaryName =
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'source-controller'
  | 'kustomize-controller'
  | 'helm-controller'
  | 'cluster-api-core'
  | 'cluster-api-kubeadm-bootstrap'
  | 'cluster-api-kubeadm-control-plane'
  | 'in-memory-provider'
  | 'clusterctl'
  | 'kwok'
  | 'tofu'
  | 'vpn-agent-amd64'
  | 'vpn-agent-arm64';

export interface CatalogueEntry {
  readonly name: BinaryName;
  readonly package: string;
  /** Go module that holds the package; its version in go.mod is the component's. */
  readonly module: string;
  readonly purpose: string;
  /** Seconds on two cores with cold caches, measured alone; they share packages, so together it is less. */
  readonly coldBuildSeconds: number;
  /** Container image without tag that this binary is. */
  readonly image?: string;
  /** Prints a version and ends. */
  readonly versionArgs?: readonly string[];
  /** Under this name in a folder of Kubernetes test assets (KUBEBUILDER_ASSETS). */
  readonly asset?: string;
  /** Folder of the pinned module with the program, where that is our own code: its files decide the binary too. */
  readonly sources?: string;
  /** Needs the version stamps of Kubernetes: clients cannot parse the placeholder of an unstamped build. */
  readonly stamped?: true;
  /** Folder of toolchain/ with a module of its own: what it replaces or pins does not fit the others. */
  readonly apart?: Apart;
  /** Variables set by the linker, as `-X` wants them. */
  readonly variables?: readonly string[];
  /** For other machines than this one: Linux of this architecture, as Go names it. */
  readonly arch?: 'amd64' | 'arm64';
}

type Apart = 'tofu' | 'vpn-agent';
const APART: readonly Apart[] = ['tofu', 'vpn-agent'];

const flux = (name: string): string => `github.com/fluxcd/${name}`;
const capi = 'sigs.k8s.io/cluster-api';
const capiImage = (name: string): string => `registry.k8s.io/cluster-api/${name}`;

export const catalogue: Readonly<Record<BinaryName, CatalogueEntry>> = {
  etcd: { name: 'etcd', package: 'go.etcd.io/etcd/server/v3', module: 'go.etcd.io/etcd/server/v3', purpose: 'database of a local cluster', coldBuildSeconds: 28, versionArgs: ['--version'], asset: 'etcd' },
  'kube-apiserver': kubernetes('kube-apiserver', { purpose: 'API server of a local cluster', coldBuildSeconds: 235, asset: 'kube-apiserver' }),
  'kube-controller-manager': kubernetes('kube-controller-manager', { purpose: 'controllers of a local cluster', coldBuildSeconds: 73 }),
  'source-controller': fluxController('source-controller', 120),
  'kustomize-controller': fluxController('kustomize-controller', 120),
  'helm-controller': fluxController('helm-controller', 20),
  'cluster-api-core': clusterApi('cluster-api-core', { path: 'core', image: 'cluster-api-controller', coldBuildSeconds: 25 }),
  'cluster-api-kubeadm-bootstrap': clusterApi('cluster-api-kubeadm-bootstrap', { path: 'bootstrap/kubeadm', image: 'kubeadm-bootstrap-controller', coldBuildSeconds: 5 }),
  'cluster-api-kubeadm-control-plane': clusterApi('cluster-api-kubeadm-control-plane', { path: 'controlplane/kubeadm', image: 'kubeadm-control-plane-controller', coldBuildSeconds: 8 }),
  'in-memory-provider': {
    name: 'in-memory-provider',
    package: 'slipway.dev/toolchain/in-memory',
    module: `${capi}/test`,
    purpose: 'in-memory infrastructure provider of Cluster API',
    coldBuildSeconds: 12,
    image: 'slipway.dev/in-memory-provider',
    sources: 'in-memory',
  },
  kwok: { name: 'kwok', package: 'sigs.k8s.io/kwok/cmd/kwok', module: 'sigs.k8s.io/kwok', purpose: 'simulated pods (nodes: simulated)', coldBuildSeconds: 30, versionArgs: ['--version'] },
  tofu: {
    name: 'tofu',
    package: 'github.com/opentofu/opentofu/cmd/tofu',
    module: 'github.com/opentofu/opentofu',
    purpose: 'OpenTofu, for clouds',
    coldBuildSeconds: 180,
    versionArgs: ['version', '-json'],
    apart: 'tofu',
    variables: ['github.com/opentofu/opentofu/version.dev=no'],
  },
  'vpn-agent-amd64': vpnAgent('amd64'),
  'vpn-agent-arm64': vpnAgent('arm64'),
  clusterctl: { ...clusterApi('clusterctl', { path: 'cmd/clusterctl', coldBuildSeconds: 6 }), purpose: 'the peer in benchmarks' },
};

export const binaryNames = Object.keys(catalogue) as readonly BinaryName[];

function kubernetes(name: 'kube-apiserver' | 'kube-controller-manager', rest: Pick<CatalogueEntry, 'purpose' | 'coldBuildSeconds' | 'asset'>): CatalogueEntry {
  return { name, package: `k8s.io/kubernetes/cmd/${name}`, module: 'k8s.io/kubernetes', versionArgs: ['--version'], stamped: true, ...rest };
}

function fluxController(name: 'source-controller' | 'kustomize-controller' | 'helm-controller', coldBuildSeconds: number): CatalogueEntry {
  return { name, package: flux(name), module: flux(name), purpose: 'Flux', coldBuildSeconds, image: `ghcr.io/fluxcd/${name}` };
}

function clusterApi(name: BinaryName, { path, image, coldBuildSeconds }: { path: string; image?: string; coldBuildSeconds: number }): CatalogueEntry {
  return { name, package: `${capi}/${path}`, module: capi, purpose: 'Cluster API', coldBuildSeconds, ...(image !== undefined && { image: capiImage(image) }) };
}

/** A module of ours without requirements: its files are its version. */
function vpnAgent(arch: 'amd64' | 'arm64'): CatalogueEntry {
  const name = 'slipway.dev/toolchain/vpn-agent';
  return { name: `vpn-agent-${arch}`, package: name, module: name, purpose: `agent of VPN hosts (${arch})`, coldBuildSeconds: 15, sources: 'vpn-agent', apart: 'vpn-agent', arch };
}

/** @throws SLW-TCH-008 */
export function requireBinaryName(name: string): BinaryName {
  if (Object.hasOwn(catalogue, name)) return name as BinaryName;
  const near = closest(name, binaryNames);
  throw new SlipwayError('SLW-TCH-008', `unknown component ${JSON.stringify(name)}${near === undefined ? '' : `, did you mean ${near}?`}`);
}

/** Folder of the pinned Go module. */
export function toolchainSourceDir(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'toolchain');
}

/** What one pinned module says. */
interface ModulePins {
  readonly goMod: string;
  readonly goSum: string;
  /** The `go` directive, e.g. `1.26.0`. */
  readonly goVersion: string;
  readonly moduleVersions: ReadonlyMap<string, string>;
}

/** What the pinned modules say: the one that most share, and those apart. */
export interface Pins extends ModulePins {
  readonly apart: ReadonlyMap<Apart, ModulePins>;
  /** Digests of our own programs' files (tests apart), by the folder that a catalogue entry names. */
  readonly sourceDigests: ReadonlyMap<string, string>;
}

export async function readPins(host: Host, dir: string = toolchainSourceDir()): Promise<Pins> {
  const folders = Object.values(catalogue).flatMap(({ sources }) => (sources === undefined ? [] : [sources]));
  const [shared, apart, sourceDigests] = await Promise.all([
    readModule(host, dir),
    Promise.all(APART.map(async (folder) => [folder, await readModule(host, join(dir, folder))] as const)),
    Promise.all(folders.map(async (folder) => [folder, await digestSources(host, join(dir, folder))] as const)),
  ]);
  return { ...shared, apart: new Map(apart), sourceDigests: new Map(sourceDigests) };
}

async function readModule(host: Host, dir: string): Promise<ModulePins> {
  const [goMod = '', goSum = ''] = await Promise.all([host.files.readText(join(dir, 'go.mod')), host.files.readText(join(dir, 'go.sum'))]);
  const moduleVersions = new Map([...goMod.matchAll(/^(?:require )?\s*([^\s()]+\.[^\s()]+) (v\S+)(?: \/\/.*)?$/gm)].map((match) => [match[1] ?? '', match[2] ?? ''] as const));
  return { goMod, goSum, goVersion: /^go (\S+)$/m.exec(goMod)?.[1] ?? '', moduleVersions };
}

/** Pins of the module that a component is built in. */
export function pinsOf(pins: Pins, name: BinaryName): ModulePins {
  const { apart } = catalogue[name];
  return (apart === undefined ? undefined : pins.apart.get(apart)) ?? pins;
}

/** Folder of the module that a component is built in. */
export function sourceDirOf(dir: string, name: BinaryName): string {
  return join(dir, catalogue[name].apart ?? '.');
}

async function digestSources(host: Host, folder: string): Promise<string> {
  const names = (await host.files.list(folder)).filter((name) => name.endsWith('.go') && !name.endsWith('_test.go'));
  return digestOf(await Promise.all(names.map(async (name) => [name, sha256((await host.files.readText(join(folder, name))) ?? '')])));
}

/** `v1.36.3`, of a module of ours a digest; throws when the pin is gone, which is a bug of the catalogue. */
export function versionOf(pins: Pins, name: BinaryName): string {
  const { arch, sources = '' } = catalogue[name];
  if (arch !== undefined) return `v0.0.0-${(pins.sourceDigests.get(sources) ?? '').slice(0, 12)}`;
  const version = pinsOf(pins, name).moduleVersions.get(catalogue[name].module);
  if (version === undefined) throw new SlipwayError('SLW-BUG-001', `${join('toolchain', catalogue[name].apart ?? '.', 'go.mod')} does not pin ${catalogue[name].module}`);
  return version;
}

/** Linker flags: no debug tables, and for Kubernetes the version that clients read. */
export function linkerFlags(pins: Pins, name: BinaryName): string {
  if (!catalogue[name].stamped) return ['-s -w', ...(catalogue[name].variables ?? []).map((variable) => `-X ${variable}`)].join(' ');
  const version = versionOf(pins, name);
  const [major = '', minor = ''] = version.slice(1).split('.');
  const stamp = (variable: string, value: string): string => `-X k8s.io/component-base/version.${variable}=${value}`;
  return ['-s -w', stamp('gitVersion', version), stamp('gitMajor', major), stamp('gitMinor', minor), stamp('gitTreeState', 'clean')].join(' ');
}

export type ImageMatch = { readonly binary: BinaryName; readonly version: string } | { readonly otherVersion: string; readonly wanted: string } | undefined;

/** Which binary an image reference is: exactly its version, or the same component in another version, or unknown. */
export function matchImage(pins: Pins, image: string): ImageMatch {
  const [reference = ''] = image.split('@');
  const colon = reference.lastIndexOf(':');
  const [repository, tag] = colon > reference.lastIndexOf('/') ? [reference.slice(0, colon), reference.slice(colon + 1)] : [reference, ''];
  const entry = Object.values(catalogue).find((candidate) => candidate.image === repository);
  if (!entry) return undefined;
  const version = versionOf(pins, entry.name);
  return tag === version ? { binary: entry.name, version } : { otherVersion: version, wanted: tag };
}
