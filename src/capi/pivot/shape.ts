/**
 * The shape of an object: what admission can judge it by, without what tells it from its like (names, uids, addresses, tokens). A fleet has
 * thousands of objects and some dozens of shapes; the target is asked about one of each before anything is paused. Pure.
 */
import { digestOf, type Json } from '../../core/digest.ts';
import type { KubeObject } from '../../kube/types.ts';
import { canonicalForm } from './canonical.ts';
import { clusterNameOf, isFields } from './fields.ts';
import { isClusterKind } from './pausing.ts';

/** Fields that hold one thing's own address, name or token; where they stand, and that they are set, is part of the shape. */
const OWN_FIELDS = new Set([
  'controlPlaneEndpoint',
  'providerID',
  'dataSecretName',
  'bootstrapToken',
  'certificateKey',
  'nodeRef',
  'owners',
]);
/** Their names count, their values do not: admission of the API server knows only their syntax. */
const OWN_VALUES = new Set(['labels', 'annotations', 'matchLabels', 'data', 'binaryData', 'stringData']);

/** Equal for objects that differ in nothing but whose they are. */
export function shapeOf(object: KubeObject): string {
  const cluster = isClusterKind(object) ? object.metadata.name : clusterNameOf(object);
  const own = [object.metadata.name, ...(cluster === undefined ? [] : [cluster])];
  return digestOf(mask(canonicalForm(object), own));
}

function mask(value: Json | undefined, own: readonly string[]): Json {
  if (typeof value === 'string') return own.some((name) => isNamedAfter(value, name)) ? '*' : value;
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => mask(item, own));
  if (!isFields(value)) return value ?? null;
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, Json | undefined>>).map(([name, inner]) => [name, maskField(name, inner, own)]),
  );
}

function maskField(name: string, value: Json | undefined, own: readonly string[]): Json {
  if (OWN_FIELDS.has(name)) return typeof value === 'string' || isFields(value) || Array.isArray(value) ? '*' : mask(value, own);
  if (OWN_VALUES.has(name) && isFields(value)) return Object.keys(value).sort();
  return mask(value, own);
}

/** Names of machines, templates and Secrets begin with that of their Cluster; provider ids end with that of the machine. */
function isNamedAfter(value: string, name: string): boolean {
  const last = value.slice(value.lastIndexOf('/') + 1);
  return last === name || last.startsWith(`${name}-`);
}
