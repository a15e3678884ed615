/** What Flux applies to a cluster, references typed, what the site says of its servers filled in. */
import type { SourcePosition } from '../core/errors.ts';
import { type Address, isFault, parseAddress } from './address.ts';
import type { GitopsSpec, GitSourceSpec, KustomizationSpec, OciSourceSpec, RepositorySpec } from './kinds/gitops.ts';
import type { Reference, Value } from './references.ts';
import { type GitAuth, gitAuth } from './resolved-git-auth.ts';
import type { ResolvedSite } from './resolved-site.ts';
import { demand, type Resolver } from './resolver.ts';
import type { FieldPath } from './source.ts';

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

interface GitopsContext {
  readonly make: Resolver;
  readonly site: ResolvedSite;
}

export function resolveGitops(gitops: GitopsSpec, path: FieldPath, context: GitopsContext): ResolvedGitops {
  const entries = Object.entries(gitops.repositories);
  return { repositories: entries.map(([name, spec]) => resolveRepository(spec, [...path, 'repositories', name], context)) };
}

function resolveRepository(spec: RepositorySpec, path: FieldPath, context: GitopsContext): ResolvedRepository {
  const { make } = context;
  const source = spec.git ? resolveGit(spec.git, [...path, 'git'], context) : resolveOci(demand(spec.oci), [...path, 'oci'], context);
  const kustomizations = Object.entries(spec.kustomizations).map(([key, kustomization]) =>
    resolveKustomization(kustomization, [...path, 'kustomizations', key], make),
  );
  return { name: String(path.at(-1)), at: make.at(path), source, kustomizations };
}

function resolveGit(spec: GitSourceSpec, path: FieldPath, { make, site }: GitopsContext): GitSource {
  const address = parseAddress(spec.url, make.unit.document.folder);
  if (isFault(address)) throw new Error('a repository was resolved before it was checked');
  const server = address.kind === 'path' ? undefined : site.gitServers.find(({ host }) => host === new URL(address.url).host);
  return {
    type: 'git',
    address,
    ref: gitReference(spec),
    interval: spec.interval,
    timeout: spec.timeout,
    auth: spec.auth ? gitAuth(spec.auth, [...path, 'auth'], make) : fittingAuth(server?.auth, address),
    caBundle: make.valueIf(spec.caBundle, [...path, 'caBundle']) ?? (address.kind === 'https' ? server?.caBundle : undefined),
  };
}

/** A server may be reached both ways; what is said of it holds for the way it was said for. */
function fittingAuth(auth: GitAuth | undefined, address: Address): GitAuth | undefined {
  return (auth?.type === 'ssh') === (address.kind === 'ssh') ? auth : undefined;
}

function gitReference(spec: GitSourceSpec): GitReference {
  if (spec.commit !== undefined) return { commit: spec.commit };
  return spec.tag === undefined ? { branch: spec.branch ?? 'main' } : { tag: spec.tag };
}

function resolveOci(spec: OciSourceSpec, path: FieldPath, { make, site }: GitopsContext): OciSource {
  const { url, interval, timeout, insecure } = spec;
  const own = spec.auth && {
    username: make.value(spec.auth.username, [...path, 'auth', 'username']),
    password: make.secret(spec.auth.password, [...path, 'auth', 'password']),
  };
  const registry = site.registries.find(({ host }) => url.startsWith(`oci://${host}/`));
  return { type: 'oci', url, ref: ociReference(spec), interval, timeout, insecure, auth: own ?? registry?.auth };
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
