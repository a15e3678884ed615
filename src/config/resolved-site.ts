/** The site settings of a project, references typed. Empty when the project says nothing. */
import type { SiteSpec } from './kinds/site.ts';
import type { Reference, Value } from './references.ts';
import { type GitAuth, gitAuth } from './resolved-git-auth.ts';
import type { Resolver } from './resolver.ts';
import type { FieldPath } from './source.ts';

export interface ResolvedRegistry {
  /** `registry.example.com:5000` */
  readonly host: string;
  readonly auth: { readonly username: Value; readonly password: Reference } | undefined;
  /** Host and path that images are pulled from instead. */
  readonly mirror: string | undefined;
  readonly caBundle: Value | undefined;
}

export interface ResolvedGitServer {
  readonly host: string;
  readonly auth: GitAuth | undefined;
  readonly caBundle: Value | undefined;
}

export interface ResolvedProxy {
  readonly http: string | undefined;
  readonly https: string | undefined;
  readonly noProxy: readonly string[];
}

export interface ResolvedSite {
  readonly registries: readonly ResolvedRegistry[];
  readonly gitServers: readonly ResolvedGitServer[];
  readonly proxy: ResolvedProxy | undefined;
  readonly caBundles: readonly { readonly name: string; readonly certificates: Value }[];
}

export const NO_SITE: ResolvedSite = { registries: [], gitServers: [], proxy: undefined, caBundles: [] };

export function resolveSite(spec: SiteSpec, make: Resolver): ResolvedSite {
  const base: FieldPath = ['spec', 'site'];
  return {
    registries: Object.entries(spec.registries).map(([host, registry]) => {
      const path = [...base, 'registries', host];
      const { username, password, mirror, caBundle } = registry;
      const auth =
        username === undefined || password === undefined
          ? undefined
          : { username: make.value(username, [...path, 'username']), password: make.secret(password, [...path, 'password']) };
      return { host, auth, mirror, caBundle: make.valueIf(caBundle, [...path, 'caBundle']) };
    }),
    gitServers: Object.entries(spec.gitServers).map(([host, server]) => {
      const path = [...base, 'gitServers', host];
      return { host, auth: gitServerAuth(server, path, make), caBundle: make.valueIf(server.caBundle, [...path, 'caBundle']) };
    }),
    proxy: spec.proxy && { http: spec.proxy.http, https: spec.proxy.https ?? spec.proxy.http, noProxy: spec.proxy.noProxy },
    caBundles: Object.entries(spec.caBundles).map(([name, bundle]) => ({
      name,
      certificates: make.value(bundle, [...base, 'caBundles', name]),
    })),
  };
}

function gitServerAuth(spec: SiteSpec['gitServers'][string], path: FieldPath, make: Resolver): GitAuth | undefined {
  if (spec.ssh === undefined && spec.token === undefined) return undefined;
  return gitAuth(spec, path, make);
}
