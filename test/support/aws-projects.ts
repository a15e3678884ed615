/** Documents for tests of what is made in AWS, as the product reads them. */
import { loadProject } from '../../src/config/load.ts';
import { hostWith } from '../../src/config/memory-host.ts';
import type { ResolvedEks } from '../../src/config/resolved-eks.ts';
import type { ResolvedNetwork } from '../../src/config/resolved-network.ts';
import type { EksCluster } from '../../src/config/resolved.ts';

const HEAD = 'apiVersion: slipway.dev/v1alpha1\n';

/** `fields` are lines of `spec`. */
export async function resolveNetworkText(...fields: readonly string[]): Promise<ResolvedNetwork> {
  const lines = ['kind: Network', 'metadata: {name: main}', 'spec:', '  provider: aws', ...fields.map((field) => `  ${field}`)];
  const { networks } = await loadProject(hostWith(`${HEAD}${lines.join('\n')}\n`), '.');
  const [network] = networks;
  if (!network) throw new Error('the document has no network');
  return network;
}

/** `fields` are lines of `spec.eks`. */
export async function resolveEksText(...fields: readonly string[]): Promise<ResolvedEks> {
  const lines = [
    'kind: Cluster',
    'metadata: {name: demo}',
    'spec:',
    '  provisioner: eks',
    '  eks:',
    ...fields.map((field) => `    ${field}`),
  ];
  const { clusters } = await loadProject(hostWith(`${HEAD}${lines.join('\n')}\n`), '.');
  return (clusters[0] as EksCluster).eks;
}
