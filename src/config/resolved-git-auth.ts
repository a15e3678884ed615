/** How a Git server is told who asks, references typed. */
import type { SiteSpec } from './kinds/site.ts';
import type { Reference, Value } from './references.ts';
import { demand, type Resolver } from './resolver.ts';
import type { FieldPath } from './source.ts';

export type GitAuth =
  | { readonly type: 'token'; readonly username: string; readonly token: Reference }
  /** Without `privateKey` a deploy key is generated. */
  | { readonly type: 'ssh'; readonly knownHosts: Value; readonly privateKey: Reference | undefined };

interface GitAuthSpec {
  readonly token?: SiteSpec['gitServers'][string]['token'];
  readonly username?: string;
  readonly ssh?: SiteSpec['gitServers'][string]['ssh'];
}

export function gitAuth(spec: GitAuthSpec, path: FieldPath, make: Resolver): GitAuth {
  if (!spec.ssh) return { type: 'token', username: spec.username ?? 'git', token: make.secret(demand(spec.token), [...path, 'token']) };
  const privateKey = spec.ssh.privateKey && make.secret(spec.ssh.privateKey, [...path, 'ssh', 'privateKey']);
  return { type: 'ssh', knownHosts: make.value(spec.ssh.knownHosts, [...path, 'ssh', 'knownHosts']), privateKey };
}
