import { describe, expect, it } from 'vitest';
import { CONTRACT_LABEL, LOCAL_API, LOCAL_GROUP } from '../words.ts';
import { localProviderObjects } from './definitions.ts';

interface Definition {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: {
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly { readonly name: string }[];
  };
}

const definitions = localProviderObjects().filter(({ kind }) => kind === 'CustomResourceDefinition') as unknown as readonly Definition[];

describe('the definitions', () => {
  it('are what a Cluster and a ClusterClass can refer to', () => {
    expect(definitions.map(({ spec }) => spec.names.kind)).toEqual([
      'LocalCluster',
      'LocalClusterTemplate',
      'LocalControlPlane',
      'LocalControlPlaneTemplate',
    ]);
  });

  it.each(definitions.map((definition) => [definition.metadata.name, definition] as const))(
    '%s keeps the contract',
    (name, { metadata, spec }) => {
      // The name that contract.CalculateCRDName computes: lower-case kind, s, group.
      expect(name).toBe(`${spec.names.kind.toLowerCase()}s.${LOCAL_GROUP}`);
      expect(`${LOCAL_GROUP}/${metadata.labels[CONTRACT_LABEL] ?? ''}`).toBe(LOCAL_API);
      expect(spec.versions.map((version) => version.name)).toEqual(['v1alpha1']);
    },
  );

  it('come with the right of core to set owners', () => {
    expect(localProviderObjects().at(-1)).toMatchObject({
      kind: 'ClusterRole',
      metadata: { labels: { 'cluster.x-k8s.io/aggregate-to-manager': 'true' } },
    });
  });
});
