/** A project as the rest of Slipway sees it: names and defaults filled in, paths absolute, references typed. Plain data. */
import type { SourcePosition } from '../core/errors.ts';
import { isFault, parseAddress, type Address } from './address.ts';
import type { Unit } from './document.ts';
import { type ClusterDocument, type ClusterSpec, PINNED_KUBERNETES } from './kinds/cluster.ts';
import type { GitSourceSpec, GitopsSpec, KustomizationSpec, OciSourceSpec, RepositorySpec } from './kinds/gitops.ts';
import type { ReferenceSpec, ValueSpec } from './kinds/vocabulary.ts';
import { type Reference, type Value, toReference, toValue } from './references.ts';
import type { FieldPath } from './source.ts';

interface ClusterIdentity {
  readonly name: string;
  /** `Cluster/demo` */
  readonly subject: string;
  readonly at: SourcePosition;
  /** The document's spec as written, defaults filled in. */
  readonly spec: ClusterSpec;
  /** Undefined: no Flux is wanted. */
  readonly gitops: ResolvedGitops | undefined;
  /** Names of clusters whose outputs this one needs. */
  readonly needs: readonly string[];
}

export type LocalCluster = ClusterIdentity & {
  readonly provisioner: 'local';
  /** The version is the pinned one in full, without v. */
  readonly local: { readonly nodes: 'none' | 'simulated'; readonly kubernetesVersion: string };
};

export type ExistingCluster = ClusterIdentity & {
  readonly provisioner: 'existing';
  readonly existing: { readonly kubeconfig: Reference; readonly context: string | undefined };
};

export type ResolvedCluster = LocalCluster | ExistingCluster;

export interface ResolvedGitops {
  readonly repositories: readonly ResolvedRepository[];
}

export interface ResolvedRepository {
  readonly name: string;
  readonly at: SourcePosition;
  readonly source: GitSource | OciSource;
  readonly kustomizations: readonly ResolvedKustomization[];
}

export type GitReference = { readonly branch: string } | { readonly tag: string } | { readonly commit: string };

export type GitAuth =
  | { readonly type: 'token'; readonly username: string; readonly token: Reference }
  /** Without `privateKey` a deploy key is generated. */
  | { readonly type: 'ssh'; readonly knownHosts: Value; readonly privateKey: Reference | undefined };

/** Durations are Flux's own spelling (`1m30s`). */
export interface GitSource {
  readonly type: 'git';
  readonly address: Address;
  readonly ref: GitReference;
  readonly interval: string;
  readonly timeout: string;
  readonly auth: GitAuth | undefined;
  readonly caBundle: Value | undefined;
}

export interface OciSource {
  readonly type: 'oci';
  readonly url: string;
  readonly ref: { readonly tag: string } | { readonly semver: string } | { readonly digest: string };
  readonly interval: string;
  readonly timeout: string;
  readonly insecure: boolean;
  readonly auth: { readonly username: Value; readonly password: Reference } | undefined;
}

export interface ResolvedKustomization extends Omit<KustomizationSpec, 'decryption' | 'postBuild'> {
  readonly name: string;
  readonly at: SourcePosition;
  /** Private age key for SOPS. */
  readonly ageKey: Reference | undefined;
  readonly substitute: ReadonlyMap<string, Value>;
  readonly substituteFrom: readonly { readonly kind: 'ConfigMap' | 'Secret'; readonly name: string; readonly optional: boolean }[];
}

/** @throws Error when called for a document that was not found valid before. */
export function resolveCluster(document: ClusterDocument, unit: Unit, needs: readonly string[]): ResolvedCluster {
  const { spec } = document;
  const make = new Resolver(unit);
  const identity: ClusterIdentity = {
    name: document.metadata.name,
    subject: unit.subject,
    at: unit.document.locate(['metadata', 'name']),
    spec,
    gitops: spec.gitops && resolveGitops(spec.gitops, make),
    needs,
  };
  if (spec.provisioner === 'local')
    return { ...identity, provisioner: 'local', local: { nodes: spec.local.nodes, kubernetesVersion: PINNED_KUBERNETES } };
  const kubeconfig = make.secret(spec.existing.kubeconfig, ['spec', 'existing', 'kubeconfig']);
  return { ...identity, provisioner: 'existing', existing: { kubeconfig, context: spec.existing.context } };
}

class Resolver {
  readonly unit: Unit;

  constructor(unit: Unit) {
    this.unit = unit;
  }

  secret(spec: ReferenceSpec, path: FieldPath): Reference {
    return demand(toReference(spec, this.#source(path, true)));
  }

  value(spec: ValueSpec, path: FieldPath): Value {
    return demand(toValue(spec, this.#source(path, false)));
  }

  at(path: FieldPath): SourcePosition {
    return this.unit.document.locate(path, 'key');
  }

  #source(path: FieldPath, secret: boolean) {
    return { document: this.unit.document, subject: this.unit.subject, path, secret };
  }
}

function demand<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a reference was resolved before it was checked');
  return value;
}

function resolveGitops(gitops: GitopsSpec, make: Resolver): ResolvedGitops {
  return { repositories: Object.entries(gitops.repositories).map(([name, spec]) => resolveRepository(name, spec, make)) };
}

function resolveRepository(name: string, spec: RepositorySpec, make: Resolver): ResolvedRepository {
  const path = ['spec', 'gitops', 'repositories', name];
  const source = spec.git ? resolveGit(spec.git, [...path, 'git'], make) : resolveOci(demand(spec.oci), [...path, 'oci'], make);
  const kustomizations = Object.entries(spec.kustomizations).map(([key, kustomization]) =>
    resolveKustomization(kustomization, [...path, 'kustomizations', key], make),
  );
  return { name, at: make.at(path), source, kustomizations };
}

function resolveGit(spec: GitSourceSpec, path: FieldPath, make: Resolver): GitSource {
  const address = parseAddress(spec.url, make.unit.document.folder);
  if (isFault(address)) throw new Error('a repository was resolved before it was checked');
  return {
    type: 'git',
    address,
    ref: gitReference(spec),
    interval: spec.interval,
    timeout: spec.timeout,
    auth: spec.auth && gitAuth(spec.auth, [...path, 'auth'], make),
    caBundle: spec.caBundle === undefined ? undefined : make.value(spec.caBundle, [...path, 'caBundle']),
  };
}

function gitReference(spec: GitSourceSpec): GitReference {
  if (spec.commit !== undefined) return { commit: spec.commit };
  return spec.tag === undefined ? { branch: spec.branch ?? 'main' } : { tag: spec.tag };
}

function gitAuth(spec: NonNullable<GitSourceSpec['auth']>, path: FieldPath, make: Resolver): GitAuth {
  if (!spec.ssh) return { type: 'token', username: spec.username ?? 'git', token: make.secret(demand(spec.token), [...path, 'token']) };
  const privateKey = spec.ssh.privateKey && make.secret(spec.ssh.privateKey, [...path, 'ssh', 'privateKey']);
  return { type: 'ssh', knownHosts: make.value(spec.ssh.knownHosts, [...path, 'ssh', 'knownHosts']), privateKey };
}

function resolveOci(spec: OciSourceSpec, path: FieldPath, make: Resolver): OciSource {
  const { url, interval, timeout, insecure } = spec;
  const auth = spec.auth && {
    username: make.value(spec.auth.username, [...path, 'auth', 'username']),
    password: make.secret(spec.auth.password, [...path, 'auth', 'password']),
  };
  return { type: 'oci', url, ref: ociReference(spec), interval, timeout, insecure, auth };
}

function ociReference(spec: OciSourceSpec): OciSource['ref'] {
  if (spec.digest !== undefined) return { digest: spec.digest };
  return spec.semver === undefined ? { tag: spec.tag ?? 'latest' } : { semver: spec.semver };
}

function resolveKustomization(spec: KustomizationSpec, path: FieldPath, make: Resolver): ResolvedKustomization {
  const { decryption, postBuild, ...rest } = spec;
  const variables = Object.entries(postBuild?.substitute ?? {}).map(
    ([name, value]) => [name, make.value(value, [...path, 'postBuild', 'substitute', name])] as const,
  );
  return {
    ...rest,
    name: String(path.at(-1)),
    at: make.at(path),
    ageKey: decryption && make.secret(decryption.sops.age, [...path, 'decryption', 'sops', 'age']),
    substitute: new Map(variables),
    substituteFrom: postBuild?.substituteFrom ?? [],
  };
}
