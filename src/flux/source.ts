/**
 * What the project wants from Flux on one cluster, with every reference resolved: the input of all builders here.
 * The words are Flux's own. Values marked secret go into Secrets of the cluster and nowhere else.
 */

export const FLUX_NAMESPACE = 'flux-system';
export const SOURCE_API = 'source.toolkit.fluxcd.io/v1';
export const KUSTOMIZE_API = 'kustomize.toolkit.fluxcd.io/v1';
export const HELM_API = 'helm.toolkit.fluxcd.io/v2';

export type GitRef = { readonly branch: string } | { readonly tag: string } | { readonly commit: string };

export type GitAuth =
  | { readonly kind: 'basic'; readonly username: string; /** Secret. */ readonly password: string }
  | {
      readonly kind: 'ssh';
      /** Secret: private key, PEM. */ readonly identity: string;
      readonly publicKey: string;
      readonly knownHosts: string;
    };

export interface GitSource {
  /** As Flux fetches it: http(s):// or ssh://. A path has been replaced by the address of the loopback server. */
  readonly url: string;
  readonly ref: GitRef;
  readonly interval: string;
  readonly timeout: string;
  readonly auth?: GitAuth;
  /** PEM of the authorities that sign the server. */
  readonly caBundle?: string;
}

export interface OciSource {
  readonly url: string;
  readonly ref: { readonly tag?: string; readonly semver?: string; readonly digest?: string };
  readonly interval: string;
  readonly timeout: string;
  readonly insecure: boolean;
  readonly auth?: { readonly username: string; /** Secret. */ readonly password: string };
}

export interface HealthCheck {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

export interface KustomizationSource {
  readonly name: string;
  readonly path: string;
  readonly dependsOn: readonly string[];
  readonly wait: boolean;
  readonly prune: boolean;
  readonly interval: string;
  readonly timeout: string;
  readonly retryInterval: string;
  readonly targetNamespace?: string;
  readonly suspend?: boolean;
  readonly force?: boolean;
  readonly healthChecks?: readonly HealthCheck[];
  readonly healthCheckExprs?: readonly Readonly<Record<string, string>>[];
  /** Secret: private age key for SOPS. */
  readonly ageKey?: string;
  readonly substitute?: Readonly<Record<string, string>>;
  readonly substituteFrom?: readonly { readonly kind: string; readonly name: string; readonly optional?: boolean }[];
  readonly serviceAccountName?: string;
  readonly patches?: readonly { readonly patch: string; readonly target?: Readonly<Record<string, string>> }[];
}

export interface RepositorySource {
  readonly name: string;
  readonly git?: GitSource;
  readonly oci?: OciSource;
  readonly kustomizations: readonly KustomizationSource[];
}

/** Kind of the Flux object that fetches the source. */
export function sourceKind(source: RepositorySource): 'GitRepository' | 'OCIRepository' {
  return source.oci === undefined ? 'GitRepository' : 'OCIRepository';
}
