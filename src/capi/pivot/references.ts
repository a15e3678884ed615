/**
 * What an object refers to in its fields: typed references, identities, Secrets and ConfigMaps by the names that providers use for
 * such fields. A guess that names nothing is harmless, because only objects that exist count.
 */
import type { KubeObject } from '../../kube/types.ts';
import { type Fields, fieldAt, groupOf, isFields, textAt } from './fields.ts';

export interface Reference {
  /** Undefined: any group that has the kind. */
  readonly group: string | undefined;
  readonly kind: string;
  readonly namespace: string | undefined;
  readonly name: string;
  /** Where it stands: `spec.identityRef`. */
  readonly field: string;
}

/** Fields of a certain name whose kind is not written beside the name. */
const KNOWN_FIELDS: Readonly<Record<string, string>> = {
  classRef: 'ClusterClass',
  imageRef: 'Image',
  customHAProxyConfigTemplateRef: 'ConfigMap',
  manifestsConfigMapReference: 'ConfigMap',
};

/** References of everything but metadata and status. A reference without a namespace means that of the object. */
export function referencesOf(object: KubeObject): readonly Reference[] {
  const found: Reference[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (['metadata', 'status', 'apiVersion', 'kind', 'data', 'stringData', 'binaryData', 'type'].includes(name)) continue;
    walk(name, value, { found, path: name, namespace: object.metadata.namespace });
  }
  return found;
}

interface Walk {
  readonly found: Reference[];
  readonly path: string;
  readonly namespace: string | undefined;
}

function walk(name: string, value: unknown, at: Walk): void {
  if (Array.isArray(value)) {
    for (const [index, item] of (value as readonly unknown[]).entries()) walk(name, item, { ...at, path: `${at.path}[${index}]` });
    return;
  }
  const reference = typeof value === 'string' ? fromText(name, value, at) : isFields(value) ? fromFields(name, value, at) : undefined;
  if (reference) at.found.push(reference);
  if (!isFields(value)) return;
  for (const [key, inner] of Object.entries(value)) walk(key, inner, { ...at, path: `${at.path}.${key}` });
}

/** `dataSecretName: x`, `configMapName: x`, `topology.class: x` of v1beta1. */
function fromText(name: string, value: string, at: Walk): Reference | undefined {
  if (value === '') return undefined;
  if (at.path === 'spec.topology.class') return { ...base(value, at), kind: 'ClusterClass', group: undefined };
  if (/secret(?:Name|Ref)?$/i.test(name)) return { ...base(value, at), kind: 'Secret', group: '' };
  if (/configMap(?:Name|Ref)?$/i.test(name)) return { ...base(value, at), kind: 'ConfigMap', group: '' };
  return undefined;
}

function fromFields(name: string, value: Fields, at: Walk): Reference | undefined {
  const target = textAt(value, 'name');
  if (target === undefined) return undefined;
  const kind = kindOf(name, value);
  if (kind === undefined) return undefined;
  return { ...base(target, at), kind, group: groupIn(value, kind), namespace: textAt(value, 'namespace') ?? at.namespace };
}

function kindOf(name: string, value: Fields): string | undefined {
  const written = textAt(value, 'kind');
  if (written !== undefined) return written;
  if (/identityRef$/i.test(name)) return fieldAt(value, 'type') === 'ClusterIdentity' ? 'OpenStackClusterIdentity' : 'Secret';
  if (/(?:secret|credentials)(?:Key)?(?:Ref|Reference|Selector)?$/i.test(name)) return 'Secret';
  if (/configMap(?:Key)?(?:Ref|Reference)?$/i.test(name)) return 'ConfigMap';
  return KNOWN_FIELDS[name];
}

function groupIn(value: Fields, kind: string): string | undefined {
  if (kind === 'Secret' || kind === 'ConfigMap') return '';
  const apiVersion = textAt(value, 'apiVersion');
  return textAt(value, 'apiGroup') ?? (apiVersion === undefined ? undefined : groupOf(apiVersion));
}

function base(name: string, at: Walk): Pick<Reference, 'name' | 'namespace' | 'field'> {
  return { name, namespace: at.namespace, field: at.path };
}
