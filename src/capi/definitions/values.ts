/** Values that a definition holds and the project only points to: accounts, certificates. Resolved first, so that rendering is pure. */
import { resolveValue, type ResolveOptions, type Value } from '../../config/references.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import type { Host } from '../../host/host.ts';

/** The text behind a value. */
export type ValueText = (value: Value) => string;

/** For definitions that hold no value from elsewhere. @throws RangeError for one that does */
export const literalText: ValueText = (value) => {
  if (value.kind === 'literal') return value.text;
  throw new RangeError(`${value.field} was not resolved before it was rendered`);
};

/**
 * Resolves all values that the definition of a cluster holds. Secrets are registered for redaction.
 * @throws SlipwayError SLW-CFG-032, SLW-CFG-033, SLW-CFG-034, SLW-CFG-042
 */
export async function resolveDefinitionValues(host: Host, cluster: CapiCluster, options: ResolveOptions): Promise<ValueText> {
  const values = definitionValues(cluster);
  const texts = await Promise.all(values.map((value) => resolveValue(host, value, options)));
  const known = new Map(values.map((value, i) => [value, texts[i] ?? '']));
  return (value) => known.get(value) ?? literalText(value);
}

function definitionValues({ capi, site }: CapiCluster): readonly Value[] {
  const hasMachines = capi.infrastructure !== 'local' && capi.infrastructure !== 'dev';
  return [...accountValues(capi), ...(hasMachines ? siteValues(site) : [])];
}

function accountValues(capi: CapiCluster['capi']): readonly Value[] {
  switch (capi.infrastructure) {
    case 'openstack':
      return [capi.openstack.credentials, ...present([capi.openstack.caCert])];
    case 'aws': {
      const account = capi.aws.credentials;
      return account ? [account.accessKeyId, account.secretAccessKey, ...present([account.sessionToken])] : [];
    }
    case 'vsphere':
      return [capi.vsphere.credentials.username, capi.vsphere.credentials.password];
    default:
      return [];
  }
}

function siteValues({ registries, caBundles }: CapiCluster['site']): readonly Value[] {
  const ofRegistries = registries.flatMap(({ auth, caBundle }) => [
    ...(auth ? [auth.username, auth.password] : []),
    ...present([caBundle]),
  ]);
  return [...ofRegistries, ...caBundles.map(({ certificates }) => certificates)];
}

function present(values: readonly (Value | undefined)[]): readonly Value[] {
  return values.filter((value) => value !== undefined);
}
