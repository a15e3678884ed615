/**
 * The fingerprint of a world: what a person would call "the same" after two histories. API objects, processes, ports and files
 * go in; what differs between two honest runs (uids, times, ports, pids, generated keys) is listed below by JSON pointer and left
 * out. A control test proves that one changed field, one extra process, port or file changes the fingerprint.
 */
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { digestOf, type Json } from '../../src/core/digest.ts';

/** `*` stands for one segment. Everything else of every object counts. */
const EXCLUDED_POINTERS: readonly string[] = [
  '/metadata/uid',
  '/metadata/resourceVersion',
  '/metadata/creationTimestamp',
  '/metadata/generation',
  '/metadata/managedFields',
  '/metadata/generateName',
  '/metadata/ownerReferences/*/uid',
  '/metadata/labels/modifiedAt', // Helm's time of a release Secret
  '/metadata/annotations/reconcile.fluxcd.io~1requestedAt',
  '/metadata/annotations/deployment.kubernetes.io~1revision',
  '/metadata/annotations/endpoints.kubernetes.io~1last-change-trigger-time',
  '/status/lastHandledReconcileAt',
  '/status/observedGeneration',
  '/status/conditions/*/lastTransitionTime',
  '/status/conditions/*/lastUpdateTime',
  '/status/conditions/*/lastProbeTime',
  '/status/conditions/*/lastHeartbeatTime',
  '/status/conditions/*/observedGeneration',
  '/status/artifact/lastUpdateTime',
  '/status/artifact/url',
  '/status/url',
  '/status/history',
  '/status/startTime',
  '/status/collisionCount',
  '/status/containerStatuses/*/state/running/startedAt',
  '/status/containerStatuses/*/lastState',
  '/status/containerStatuses/*/restartCount',
  '/status/containerStatuses/*/containerID',
  '/status/initContainerStatuses/*/state',
  '/spec/claimRef/uid',
  '/spec/clusterIP',
  '/spec/clusterIPs',
  '/spec/uid',
  '/webhooks/*/clientConfig/caBundle',
  '/spec/conversion/webhook/clientConfig/caBundle',
];

/** Pointers left out of a kind or of one object. */
const EXCLUDED_OF: Readonly<Record<string, readonly string[]>> = {
  // The API server publishes its own port, which is chosen anew.
  'Service/default/kubernetes': ['/spec/ports/*/targetPort'],
  // source-controller packages a chart with the time of packaging in it.
  HelmChart: ['/status/artifact/digest', '/status/artifact/size'],
  // Admission counts an object before it is stored; what a kill leaves counted is taken back by the controller's resync, every five minutes.
  ResourceQuota: ['/status/used'],
  HelmRelease: ['/status/lastAttemptedReleaseActionDuration', '/status/history/*/firstDeployed', '/status/history/*/lastDeployed'],
};

/** Kinds that only record time passing. */
const EXCLUDED_KINDS = new Set([
  'Event',
  'Lease',
  'ComponentStatus',
  'EndpointSlice',
  'Endpoints',
  'FlowSchema',
  'PriorityLevelConfiguration',
  'APIService',
  'ControllerRevision',
  'IPAddress',
  'ServiceCIDR',
]);

/** Objects whose data is a generated key or holds times of its own. */
const GENERATED_DATA: readonly RegExp[] = [
  /^ConfigMap\/[^/]+\/kube-root-ca\.crt$/,
  /^ConfigMap\/kube-system\/(extension-apiserver-authentication|kube-apiserver-legacy-service-account-token-tracking)$/,
  /^Secret\//,
];

export interface WorldSource {
  /** GET of a path of the API server, parsed. */
  readonly get: (path: string) => Promise<Record<string, unknown>>;
}

export type World = Readonly<Record<string, Json>>;

interface ApiResource {
  readonly name: string;
  readonly kind: string;
  readonly verbs: readonly string[];
}

/** All objects of an API server by `Kind/namespace/name`, without what is excluded; objects with a generated name share an entry. */
export async function apiObjects(source: WorldSource): Promise<World> {
  const world: Record<string, Json> = {};
  for (const groupVersion of await groupVersions(source)) {
    const { resources } = (await source.get(groupVersion)) as unknown as { resources: readonly ApiResource[] };
    const listable = resources.filter((each) => each.verbs.includes('list') && !each.name.includes('/') && !EXCLUDED_KINDS.has(each.kind));
    for (const resource of listable) {
      const { items } = (await source.get(`${groupVersion}/${resource.name}`)) as unknown as { items: readonly Record<string, Json>[] };
      for (const item of items ?? []) {
        const name = nameOf(resource.kind, item);
        const seen = (world[name] as readonly Json[] | undefined) ?? [];
        world[name] = [...seen, normalise(strip(name, item))];
      }
    }
  }
  return world;
}

async function groupVersions(source: WorldSource): Promise<readonly string[]> {
  const { groups } = (await source.get('/apis')) as unknown as {
    groups: readonly { readonly preferredVersion: { readonly groupVersion: string } }[];
  };
  return ['/api/v1', ...groups.map((group) => `/apis/${group.preferredVersion.groupVersion}`)];
}

interface Named {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly generateName?: string;
    readonly ownerReferences?: readonly { readonly name: string }[];
  };
}

/** Generated names get their owner's place: `Pod/ns/<generateName>*`. */
function nameOf(kind: string, item: unknown): string {
  const { metadata } = item as Named;
  const name = metadata.generateName === undefined ? metadata.name : `${metadata.generateName}*`;
  return metadata.namespace === undefined ? `${kind}/${name}` : `${kind}/${metadata.namespace}/${name}`;
}

function strip(name: string, item: Record<string, Json>): Json {
  const copy = structuredClone(item) as Record<string, Json>;
  for (const pointer of [...EXCLUDED_POINTERS, ...(EXCLUDED_OF[name.split('/')[0] ?? ''] ?? []), ...(EXCLUDED_OF[name] ?? [])])
    removePointer(copy, pointer.slice(1).split('/').map(unescapePointer));
  if (GENERATED_DATA.some((pattern) => pattern.test(name))) copy['data'] = Object.keys((copy['data'] as object | undefined) ?? {}).sort();
  const metadata = { ...(copy['metadata'] as Record<string, Json>) };
  if (name.endsWith('*')) delete metadata['name'];
  for (const map of ['annotations', 'labels'])
    if (Object.keys((metadata[map] as object | undefined) ?? {}).length === 0) delete metadata[map];
  return { ...copy, metadata };
}

const unescapePointer = (segment: string): string => segment.replaceAll('~1', '/').replaceAll('~0', '~');

function removePointer(node: unknown, path: readonly string[]): void {
  if (typeof node !== 'object' || node === null) return;
  const [head = '', ...rest] = path;
  const record = node as Record<string, unknown>;
  if (head === '*') return Object.values(record).forEach((child) => removePointer(child, rest));
  if (rest.length === 0) delete record[head];
  else removePointer(record[head], rest);
}

/** Loopback ports, generated name endings and measured times inside texts are chosen anew by each world. */
function normalise(value: Json): Json {
  return JSON.parse(normaliseText(JSON.stringify(value))) as Json;
}

const VARYING: readonly (readonly [RegExp, string])[] = [
  [/(127\.0\.0\.1|localhost):\d{2,5}/g, '$1:PORT'],
  [/kube-api-access-[a-z0-9]{5}/g, 'kube-api-access-*'],
  [/(-[0-9a-f]{8,10}-)[a-z0-9]{5}(?=[."/]|$)/g, '$1*'],
  [/Health check passed in [0-9.]+m?s/g, 'Health check passed in TIME'],
];

export function normaliseText(text: string): string {
  return VARYING.reduce((clean, [pattern, replacement]) => clean.replaceAll(pattern, replacement), text);
}

/** Files below a folder by relative path, with mode, and content where `content` says so; `skip` leaves a subtree out. */
export function files(
  root: string,
  options: { readonly skip: (path: string) => boolean; readonly content: (path: string) => boolean },
): World {
  const world: Record<string, Json> = {};
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      const name = relative(root, path);
      if (options.skip(name)) continue;
      const mode = (statSync(path).mode & 0o777).toString(8);
      if (entry.isDirectory()) visit(path);
      world[entry.isDirectory() ? `${name}/` : name] = entry.isFile() && options.content(name) ? [mode, readFileSync(path, 'utf8')] : mode;
    }
  };
  visit(root);
  return world;
}

/** Pids of live processes whose argv or environment mentions the text (a state folder, a cluster id). */
export function processesMentioning(text: string): readonly { readonly pid: number; readonly argv: readonly string[] }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((name) => {
      const argv = readProc(`/proc/${name}/cmdline`).split('\0').slice(0, -1);
      const environment = readProc(`/proc/${name}/environ`);
      return argv.some((part) => part.includes(text)) || environment.includes(text) ? [{ pid: Number(name), argv }] : [];
    });
}

function readProc(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** TCP ports on which a process listens, from the kernel's tables. */
export function listeningPorts(pid: number): readonly number[] {
  const inodes = new Set<string>();
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const target = linkOf(`/proc/${pid}/fd/${fd}`);
      if (target.startsWith('socket:[')) inodes.add(target.slice(8, -1));
    }
  } catch {
    return [];
  }
  const rows = ['tcp', 'tcp6'].flatMap((table) => readProc(`/proc/${pid}/net/${table}`).split('\n').slice(1));
  const ports = rows.flatMap((row) => {
    const [, local = '', , state, , , , , , inode = ''] = row.trim().split(/\s+/);
    return state === '0A' && inodes.has(inode) ? [Number.parseInt(local.split(':')[1] ?? '0', 16)] : [];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

export function fingerprint(world: World): string {
  return digestOf(world);
}

/** Readable difference of two worlds, for a failing test's message. */
export function differences(expected: World, actual: World): readonly string[] {
  const names = [...new Set([...Object.keys(expected), ...Object.keys(actual)])].sort();
  return names.flatMap((name) => {
    const [before, after] = [expected[name], actual[name]];
    if (before === undefined) return [`+ ${name}`];
    if (after === undefined) return [`- ${name}`];
    return digestOf(before) === digestOf(after) ? [] : [`~ ${name}: ${firstDifference(before, after, '')}`];
  });
}

function firstDifference(a: Json, b: Json, path: string): string {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null)
    return `${path} ${JSON.stringify(a)} != ${JSON.stringify(b)}`;
  const [left, right] = [a as Record<string, Json>, b as Record<string, Json>];
  for (const key of [...new Set([...Object.keys(left), ...Object.keys(right)])].sort()) {
    const [x, y] = [left[key], right[key]];
    if (x === undefined || y === undefined) return `${path}/${key} ${JSON.stringify(x)} != ${JSON.stringify(y)}`;
    if (digestOf(x) !== digestOf(y)) return firstDifference(x, y, `${path}/${key}`);
  }
  return path;
}
