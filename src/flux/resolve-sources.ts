/** From the project's words to the sources Flux gets: references resolved, paths replaced by the loopback server's address. */
import { createPublicKey } from 'node:crypto';
import { type Reference, resolveValue, type Value } from '../config/references.ts';
import type { GitAuth as ProjectAuth } from '../config/resolved-git-auth.ts';
import type {
  GitSource as ProjectGit,
  OciSource as ProjectOci,
  ResolvedKustomization,
  ResolvedRepository,
} from '../config/resolved-gitops.ts';
import { isSlipwayError } from '../core/errors.ts';
import { peekServerConfig, SERVER_USER, servedUrl } from '../git/server-config.ts';
import type { Host } from '../host/host.ts';
import { type DeployKeyText, readDeployKey } from './deploy-key.ts';
import { serverConfigFile } from './serve-step.ts';
import type { GitAuth, GitSource, KustomizationSource, OciSource, RepositorySource } from './source.ts';
import type { FluxStepsOptions } from './step-options.ts';

export interface SourcesResolution {
  readonly sources: readonly RepositorySource[];
  /** False while something is not known yet (the server's port, a deploy key, an output of another document): a stand-in is in its place, good for a plan and nothing else. */
  readonly isKnown: boolean;
}

/** @throws SLW-CFG-032 … -034 for dead references */
export async function resolveSources(host: Host, options: FluxStepsOptions): Promise<SourcesResolution> {
  const resolver = new SourceResolver(host, options);
  const sources = await Promise.all(options.gitops.repositories.map((repository) => resolver.repository(repository)));
  return { sources, isKnown: resolver.isKnown };
}

const STAND_IN = 'known-once-made';

class SourceResolver {
  readonly #host: Host;
  readonly #options: FluxStepsOptions;
  isKnown = true;

  constructor(host: Host, options: FluxStepsOptions) {
    this.#host = host;
    this.#options = options;
  }

  async repository({ name, source, kustomizations }: ResolvedRepository): Promise<RepositorySource> {
    const units = await Promise.all(kustomizations.map((unit) => this.#kustomization(unit)));
    if (source.type === 'oci') return { name, oci: await this.#oci(source), kustomizations: units };
    const git = source.address.kind === 'path' ? await this.#served(name, source) : await this.#remote(name, source, source.address.url);
    return { name, git, kustomizations: units };
  }

  async #served(name: string, source: ProjectGit): Promise<GitSource> {
    const config = await peekServerConfig(this.#host, serverConfigFile(this.#options.gitDir));
    if (config === undefined) this.isKnown = false;
    else this.#options.redactor.add(config.token);
    const { ref, interval, timeout } = source;
    const auth: GitAuth = { kind: 'basic', username: SERVER_USER, password: config?.token ?? STAND_IN };
    return { url: servedUrl(config?.port ?? 0, name), ref, interval, timeout, auth };
  }

  async #remote(name: string, source: ProjectGit, url: string): Promise<GitSource> {
    const { ref, interval, timeout } = source;
    const auth = source.auth && (await this.#auth(name, source.auth));
    const caBundle = source.caBundle && (await this.#value(source.caBundle));
    return { url, ref, interval, timeout, ...(auth && { auth }), ...(caBundle !== undefined && { caBundle }) };
  }

  async #auth(name: string, auth: ProjectAuth): Promise<GitAuth> {
    if (auth.type === 'token') return { kind: 'basic', username: auth.username, password: await this.#value(auth.token) };
    const knownHosts = `${await this.#value(auth.knownHosts)}\n`;
    if (!auth.privateKey) return { kind: 'ssh', ...(await this.#deployKey(name)), knownHosts };
    const identity = `${await this.#value(auth.privateKey)}\n`;
    return { kind: 'ssh', identity, publicKey: publicHalf(identity), knownHosts };
  }

  async #deployKey(name: string): Promise<DeployKeyText> {
    const generated = await readDeployKey(this.#host, this.#options.keyDir, name);
    if (generated === undefined) this.isKnown = false;
    return generated ?? { identity: STAND_IN, publicKey: STAND_IN };
  }

  async #oci(source: ProjectOci): Promise<OciSource> {
    const { url, ref, interval, timeout, insecure } = source;
    const auth = source.auth && { username: await this.#value(source.auth.username), password: await this.#value(source.auth.password) };
    return { url, ref, interval, timeout, insecure, ...(auth && { auth }) };
  }

  async #kustomization(unit: ResolvedKustomization): Promise<KustomizationSource> {
    const {
      name,
      path,
      dependsOn,
      wait,
      prune,
      interval,
      timeout,
      retryInterval,
      suspend,
      force,
      healthChecks,
      healthCheckExprs,
      patches,
      substituteFrom,
    } = unit;
    const substitute = Object.fromEntries(
      await Promise.all([...unit.substitute].map(async ([key, value]) => [key, await this.#value(value)] as const)),
    );
    const ageKey = unit.ageKey && (await this.#value(unit.ageKey));
    return {
      ...{ name, path, dependsOn, wait, prune, interval, timeout, retryInterval, suspend, force, substitute, substituteFrom },
      healthChecks,
      healthCheckExprs: healthCheckExprs as readonly Readonly<Record<string, string>>[],
      patches: patches as NonNullable<KustomizationSource['patches']>,
      ...(ageKey !== undefined && { ageKey }),
      ...(unit.targetNamespace !== undefined && { targetNamespace: unit.targetNamespace }),
      ...(unit.serviceAccountName !== undefined && { serviceAccountName: unit.serviceAccountName }),
    };
  }

  async #value(value: Value | Reference): Promise<string> {
    const { redactor, outputs } = this.#options;
    try {
      return await resolveValue(this.#host, value, { redactor, ...(outputs && { outputs }) });
    } catch (error) {
      if (!isSlipwayError(error) || error.code !== 'SLW-CFG-042') throw error;
      this.isKnown = false;
      return STAND_IN;
    }
  }
}

/** Flux wants `identity.pub`, but never uses it to log in; a key in a form Node cannot read is passed on as it is. */
function publicHalf(identity: string): string {
  try {
    return createPublicKey(identity).export({ type: 'spki', format: 'pem' }).toString();
  } catch {
    return '';
  }
}
