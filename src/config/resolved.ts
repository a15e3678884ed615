/** A project as the rest of Slipway sees it: names and defaults filled in, paths absolute, references typed. Plain data. */
import type { SourcePosition } from '../core/errors.ts';
import type { Unit } from './document.ts';
import { type ClusterDocument, type ClusterSpec, PINNED_KUBERNETES } from './kinds/cluster.ts';
import type { GitopsSpec } from './kinds/gitops.ts';
import type { Reference } from './references.ts';
import { type CapiParts, resolveCapi } from './resolved-capi.ts';
import { type EksParts, resolveEks } from './resolved-eks.ts';
import { type ResolvedGitops, resolveGitops } from './resolved-gitops.ts';
import { type ResolvedHook, resolveHooks } from './resolved-hooks.ts';
import type { ResolvedSite } from './resolved-site.ts';
import { Resolver } from './resolver.ts';
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
  /** Documents whose outputs this one needs, and the management cluster that makes it: `Network/main`, `Cluster/mgmt`. */
  readonly needs: readonly string[];
  readonly hooks: readonly ResolvedHook[];
  /** What the project says of the place where its clusters live. */
  readonly site: ResolvedSite;
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

/** A cluster that Cluster API makes. */
export type CapiCluster = ClusterIdentity & CapiParts & { readonly provisioner: 'capi' };

/** A cluster of Amazon EKS, made by OpenTofu. */
export type EksCluster = ClusterIdentity & EksParts & { readonly provisioner: 'eks' };

export type ResolvedCluster = LocalCluster | ExistingCluster | CapiCluster | EksCluster;

export interface ClusterSurroundings {
  readonly needs: readonly string[];
  readonly site: ResolvedSite;
}

/** @throws Error when called for a document that was not found valid before. */
export function resolveCluster(document: ClusterDocument, unit: Unit, { needs, site }: ClusterSurroundings): ResolvedCluster {
  const { spec } = document;
  const make = new Resolver(unit);
  const gitops = (part: GitopsSpec | undefined, path: FieldPath) => part && resolveGitops(part, path, { make, site });
  const identity: ClusterIdentity = {
    name: document.metadata.name,
    subject: unit.subject,
    at: unit.document.locate(['metadata', 'name']),
    spec,
    gitops: gitops(spec.gitops, ['spec', 'gitops']),
    needs,
    hooks: resolveHooks(spec.hooks, make),
    site,
  };
  if (spec.provisioner === 'capi')
    return { ...identity, provisioner: 'capi', ...resolveCapi(spec, { make, pinned: PINNED_KUBERNETES, gitops }) };
  if (spec.provisioner === 'eks') return { ...identity, provisioner: 'eks', ...resolveEks(spec, make) };
  if (spec.provisioner === 'local')
    return { ...identity, provisioner: 'local', local: { nodes: spec.local.nodes, kubernetesVersion: PINNED_KUBERNETES } };
  const kubeconfig = make.secret(spec.existing.kubeconfig, ['spec', 'existing', 'kubeconfig']);
  return { ...identity, provisioner: 'existing', existing: { kubeconfig, context: spec.existing.context } };
}
