/**
 * The objects that tell Flux what to fetch and apply. Pure: equal input gives equal objects, so a second `up` plans nothing.
 * All live in flux-system; a source is named after its repository key, a Kustomization after its own.
 */
import type { KubeObject } from '../kube/types.ts';
import { ownerLabels } from '../kube/ownership.ts';
import {
  FLUX_NAMESPACE,
  type GitAuth,
  type GitSource,
  KUSTOMIZE_API,
  type KustomizationSource,
  type OciSource,
  type RepositorySource,
  SOURCE_API,
  sourceKind,
} from './source.ts';

/** Everything for these sources: Secrets first, then sources, then Kustomizations. */
export function gitopsObjects(sources: readonly RepositorySource[], owner: string): readonly KubeObject[] {
  const kustomizations = sources.flatMap((source) => source.kustomizations.map((unit) => ({ source, unit })));
  return [
    ...sources.flatMap((source) => sourceSecret(source, owner)),
    ...kustomizations.flatMap(({ unit }) => ageSecret(unit, owner)),
    ...sources.map((source) => sourceObject(source, owner)),
    ...kustomizations.map(({ source, unit }) => kustomizationObject(source, unit, owner)),
  ];
}

/** A Secret's type cannot change: a repository that becomes an artifact gets a Secret of another name. */
export function sourceSecretName(source: RepositorySource): string {
  return source.oci ? `${source.name}-registry` : `${source.name}-auth`;
}

export function ageSecretName(unit: KustomizationSource): string {
  return `${unit.name}-sops-age`;
}

function sourceSecret(source: RepositorySource, owner: string): readonly KubeObject[] {
  const stringData = source.git ? gitSecretData(source.git) : undefined;
  if (stringData) return [secret(sourceSecretName(source), { type: 'Opaque', values: stringData, owner })];
  const auth = source.oci?.auth;
  if (source.oci === undefined || auth === undefined) return [];
  const registry = new URL(source.oci.url.replace(/^oci:/, 'https:')).host;
  const config = {
    auths: { [registry]: { username: auth.username, password: auth.password, auth: base64(`${auth.username}:${auth.password}`) } },
  };
  return [
    secret(sourceSecretName(source), {
      type: 'kubernetes.io/dockerconfigjson',
      values: { '.dockerconfigjson': JSON.stringify(config) },
      owner,
    }),
  ];
}

function gitSecretData(git: GitSource): Readonly<Record<string, string>> | undefined {
  const ca = git.caBundle === undefined ? {} : { 'ca.crt': git.caBundle };
  const auth = git.auth === undefined ? {} : authData(git.auth);
  const data = { ...auth, ...ca };
  return Object.keys(data).length === 0 ? undefined : data;
}

function authData(auth: GitAuth): Readonly<Record<string, string>> {
  if (auth.kind === 'basic') return { username: auth.username, password: auth.password };
  return { identity: auth.identity, 'identity.pub': auth.publicKey, known_hosts: auth.knownHosts };
}

function ageSecret(unit: KustomizationSource, owner: string): readonly KubeObject[] {
  // kustomize-controller takes every key whose name ends in .agekey.
  return unit.ageKey === undefined
    ? []
    : [secret(ageSecretName(unit), { type: 'Opaque', values: { 'slipway.agekey': unit.ageKey }, owner })];
}

/** `data`, not `stringData`: the server keeps only `data`, and a diff must compare what is kept. */
function secret(
  name: string,
  { type, values, owner }: { readonly type: string; readonly values: Readonly<Record<string, string>>; readonly owner: string },
): KubeObject {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  return { apiVersion: 'v1', kind: 'Secret', metadata: metadata(name, owner), type, data };
}

function sourceObject(source: RepositorySource, owner: string): KubeObject {
  const hasSecret = sourceSecret(source, owner).length > 0;
  const secretRef = hasSecret ? { secretRef: { name: sourceSecretName(source) } } : {};
  const spec = source.git ? { ...gitSpec(source.git), ...secretRef } : source.oci ? { ...ociSpec(source.oci), ...secretRef } : {};
  return { apiVersion: SOURCE_API, kind: sourceKind(source), metadata: metadata(source.name, owner), spec };
}

function gitSpec(git: GitSource): Record<string, unknown> {
  return { url: git.url, ref: { ...git.ref }, interval: git.interval, timeout: git.timeout };
}

function ociSpec(oci: OciSource): Record<string, unknown> {
  return { url: oci.url, ref: { ...oci.ref }, interval: oci.interval, timeout: oci.timeout, ...(oci.insecure && { insecure: true }) };
}

function kustomizationObject(source: RepositorySource, unit: KustomizationSource, owner: string): KubeObject {
  const spec = {
    sourceRef: { kind: sourceKind(source), name: source.name },
    path: unit.path,
    prune: unit.prune,
    wait: unit.wait,
    interval: unit.interval,
    timeout: unit.timeout,
    retryInterval: unit.retryInterval,
    ...(unit.dependsOn.length > 0 && { dependsOn: unit.dependsOn.map((name) => ({ name })) }),
    ...optionalFields(unit),
    ...listFields(unit),
  };
  return { apiVersion: KUSTOMIZE_API, kind: 'Kustomization', metadata: metadata(unit.name, owner), spec };
}

function optionalFields(unit: KustomizationSource): Record<string, unknown> {
  return {
    ...(unit.targetNamespace !== undefined && { targetNamespace: unit.targetNamespace }),
    ...(unit.serviceAccountName !== undefined && { serviceAccountName: unit.serviceAccountName }),
    ...(unit.suspend === true && { suspend: true }),
    ...(unit.force === true && { force: true }),
    ...(unit.ageKey !== undefined && { decryption: { provider: 'sops', secretRef: { name: ageSecretName(unit) } } }),
  };
}

function listFields(unit: KustomizationSource): Record<string, unknown> {
  const { substitute, substituteFrom, healthChecks, healthCheckExprs, patches } = unit;
  const postBuild = withoutEmpty({ substitute, substituteFrom });
  return withoutEmpty({ healthChecks, healthCheckExprs, patches, postBuild });
}

/** Fields that hold something: an empty list would be a field of ours that says nothing. */
function withoutEmpty(fields: Readonly<Record<string, object | undefined>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && Object.keys(value).length > 0));
}

function metadata(name: string, owner: string): KubeObject['metadata'] {
  return { name, namespace: FLUX_NAMESPACE, labels: ownerLabels(owner) };
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
