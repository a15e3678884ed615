/** Add-ons of a cluster: packaged manifests with values that only the run knows. Nodes wait for them, so they come before anything waits for nodes. */
import { join } from 'node:path';
import type { ResolvedAddon } from '../../config/resolved-capi.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import { resolveValue } from '../../config/references.ts';
import { SlipwayError } from '../../core/errors.ts';
import type { StepContext } from '../../engine/step.ts';
import type { Host } from '../../host/host.ts';
import { parseManifests } from '../../kube/manifests.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { ProvisionerContext } from '../provisioner.ts';
import { capiStepIds } from './ids.ts';

/** In the order of the project. @throws SLW-CAP-407, SLW-KUB-030 and others with file and line */
export async function addonObjects(cluster: CapiCluster, step: StepContext, context: ProvisionerContext): Promise<readonly KubeObject[]> {
  const objects: KubeObject[] = [];
  for (const addon of cluster.capi.addons) {
    const variables = new Map([...clusterVariables(cluster, step), ...(await ownVariables(addon, step.host, context))]);
    for (const file of await manifestFiles(step.host, addon)) {
      const text = (await step.host.files.readText(file)) ?? '';
      objects.push(...parseManifests(substitute(text, variables, { addon, file }), file).map(({ object }) => object));
    }
  }
  return objects;
}

/** Host and port of the API server are known once the cluster was reached; nothing is applied before. */
function clusterVariables({ name, capi }: CapiCluster, step: StepContext): ReadonlyMap<string, string> {
  const server = step.outputs(capiStepIds(name).reach)?.['server'];
  const url = typeof server === 'string' ? new URL(server) : undefined;
  const { podCidr, serviceCidr, serviceDomain } = capi.network;
  return new Map([
    ['CLUSTER_NAME', name],
    ['CLUSTER_NAMESPACE', capi.namespace],
    ['KUBERNETES_VERSION', capi.kubernetesVersion],
    ['POD_CIDR', podCidr],
    ['SERVICE_CIDR', serviceCidr],
    ['SERVICE_DOMAIN', serviceDomain],
    ['CONTROL_PLANE_HOST', url?.hostname ?? ''],
    ['CONTROL_PLANE_PORT', url?.port ?? ''],
  ]);
}

async function ownVariables(
  { substitute: values }: ResolvedAddon,
  host: Host,
  { redactor, outputs }: ProvisionerContext,
): Promise<ReadonlyMap<string, string>> {
  const pairs = [...values].map(async ([name, value]) => [name, await resolveValue(host, value, { redactor, outputs })] as const);
  return new Map(await Promise.all(pairs));
}

async function manifestFiles(host: Host, { name, manifests, at }: ResolvedAddon): Promise<readonly string[]> {
  const found = await host.files.stat(manifests);
  if (found?.kind === 'file') return [manifests];
  const files = (await host.files.list(manifests)).filter((file) => /\.(ya?ml|json)$/.test(file));
  if (files.length === 0) throw new SlipwayError('SLW-CAP-407', `add-on ${name} has no manifests at ${manifests}`, { at });
  return files.map((file) => join(manifests, file));
}

const VARIABLE = /\$?\$\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

interface Where {
  readonly addon: ResolvedAddon;
  readonly file: string;
}

/** `$${NAME}` stands for the text `${NAME}`. @throws SLW-CAP-407 for a variable without value */
function substitute(text: string, variables: ReadonlyMap<string, string>, { addon, file }: Where): string {
  return text.replaceAll(VARIABLE, (whole, name: string) => {
    if (whole.startsWith('$$')) return whole.slice(1);
    const value = variables.get(name);
    if (value === undefined)
      throw new SlipwayError('SLW-CAP-407', `\${${name}} in ${file} has no value`, {
        at: addon.at,
        fix: `give it one in capi.addons.${addon.name}.substitute, or write $\${${name}} for the text itself`,
      });
    return value;
  });
}
