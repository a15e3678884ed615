/** What every part of a definition is rendered from, and the shapes the parts agree on. */
import type { CapiCluster, ResolvedCluster } from '../../config/resolved.ts';
import type { ResolvedMachines, ResolvedWorkerPool } from '../../config/resolved-capi.ts';
import { digestOf, type Json } from '../../core/digest.ts';
import type { KubeObject, ObjectMeta } from '../../kube/types.ts';
import { CLUSTER_NAME_LABEL } from '../words.ts';
import type { ValueText } from './values.ts';

export type Fields = Readonly<Record<string, Json>>;

export type Infrastructure = CapiCluster['capi']['infrastructure'];
/** A cluster of one infrastructure. */
export type ClusterOf<I extends Infrastructure> = Omit<CapiCluster, 'capi'> & {
  readonly capi: Extract<CapiCluster['capi'], { readonly infrastructure: I }>;
};

export interface Rendering<I extends Infrastructure = Infrastructure> {
  readonly cluster: ClusterOf<I>;
  readonly text: ValueText;
}

/** Machines that are equal: the control plane, or one pool. */
export type MachineGroup =
  | { readonly role: 'control-plane'; readonly machines: ResolvedMachines }
  | { readonly role: 'worker'; readonly machines: ResolvedWorkerPool };

/** What machines of an infrastructure ask of whoever turns them into nodes. */
export interface NodeDemands {
  /** A cloud controller outside of Kubernetes initialises the nodes. */
  readonly hasCloudController: boolean;
  /** Expression for cloud-init that gives the node's name; default: the host name. */
  readonly nodeName?: string;
  readonly kubeletArgs?: readonly Argument[];
  readonly certificateNames?: readonly string[];
  readonly files?: readonly NodeFile[];
  readonly commands?: readonly string[];
  readonly users?: readonly Fields[];
  /** The API server answers health checks of strangers. */
  readonly allowsAnonymous?: boolean;
}

export interface Argument {
  readonly name: string;
  readonly value: string;
}

/** A file on a machine: its text, or where the text is. */
export type NodeFile = { readonly path: string; readonly permissions: string } & (
  | { readonly content: string }
  | { readonly secret: { readonly name: string; readonly key: string } }
);

/** One infrastructure provider: what it calls its kinds and how it wants its fields. */
export interface InfrastructureRenderer<I extends Infrastructure = Infrastructure> {
  /** Version of the pinned CRDs. */
  readonly apiVersion: string;
  readonly clusterKind: string;
  readonly clusterSpec: (rendering: Rendering<I>) => Fields;
  readonly clusterAnnotations?: Readonly<Record<string, string>>;
  /** Undefined where there are no machines. */
  readonly machineKind: string | undefined;
  readonly machineSpec: (group: MachineGroup, rendering: Rendering<I>) => Fields;
  /** Accounts and other objects the cluster's object refers to. */
  readonly companions: (rendering: Rendering<I>) => readonly KubeObject[];
  readonly node: (group: MachineGroup, rendering: Rendering<I>) => NodeDemands;
}

/** Where the objects of a definition stand, and what marks them. */
export function metadata({ cluster }: Pick<Rendering, 'cluster'>, name: string, more: Partial<ObjectMeta> = {}): ObjectMeta {
  return { ...more, name, namespace: cluster.capi.namespace, labels: { [CLUSTER_NAME_LABEL]: cluster.name, ...more.labels } };
}

/** Name of a group's objects: `web-control-plane`, `web-general`. */
export function groupName(cluster: Pick<ResolvedCluster, 'name'>, group: MachineGroup): string {
  return `${cluster.name}-${group.role === 'worker' ? group.machines.name : 'control-plane'}`;
}

/** Templates are immutable: their names carry a digest of what they hold, so that a change makes a new one, and a rollout. */
export function contentName(prefix: string, spec: Json): string {
  return `${prefix}-${digestOf(spec).slice(0, 8)}`;
}

/** Without fields that have no value or hold nothing: Cluster API's kinds refuse empty mappings and lists. */
export function compact(fields: Readonly<Record<string, Json | undefined>>): Fields {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, Json] => !isEmpty(entry[1])));
}

function isEmpty(value: Json | undefined): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}

export interface TypedRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
}

/** A reference of Cluster API's v1beta2: the version is looked up by the contract label of the kind. */
export function contractRef({ apiVersion, kind, name }: TypedRef): Fields {
  return { apiGroup: apiVersion.slice(0, apiVersion.indexOf('/')), kind, name };
}

/** A Secret whose values are text; moved along with the definition. */
export function secretObject(rendering: Pick<Rendering, 'cluster'>, name: string, values: Readonly<Record<string, string>>): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: metadata(rendering, name, { labels: MOVES }), type: 'Opaque', data };
}

/** Without an owner, clusterctl would leave it behind. https://cluster-api.sigs.k8s.io/clusterctl/commands/move */
export const MOVES: Readonly<Record<string, string>> = { 'clusterctl.cluster.x-k8s.io/move': 'true' };
