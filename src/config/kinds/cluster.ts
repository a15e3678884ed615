/** Kind Cluster: a Kubernetes cluster and what Flux applies on it. Each provisioner is one member of the union. */
import * as z from 'zod';
import { capiSpec } from './capi.ts';
import { eksSpec } from './eks.ts';
import { existing } from './existing.ts';
import { gitops } from './gitops.ts';
import { hooksField } from './hooks.ts';
import { API_VERSION, metadata } from './vocabulary.ts';

/** Designed, not built yet; refused by name instead of as an unknown word. */
export const RESERVED_PROVISIONERS = ['gke', 'vsphere'] as const;
/** What the toolchain pins; a test compares it with toolchain/go.mod. */
export const PINNED_KUBERNETES = '1.36.3';

const local = z.strictObject({
  nodes: z
    .enum(['none', 'simulated'])
    .default('none')
    .describe(
      'none: only controllers that Slipway runs as processes come to life, any other pod stays Pending. simulated: other pods are simulated, and marked so. Default: none.',
    ),
  kubernetesVersion: z
    .string()
    .regex(/^v?[0-9]+\.[0-9]+(?:\.[0-9]+)?$/, { error: `must be a version in quotes, such as "${PINNED_KUBERNETES}"` })
    .exactOptional()
    .describe(
      `Version of the kube-apiserver, in quotes. This release runs ${PINNED_KUBERNETES} and no other. Default: ${PINNED_KUBERNETES}.`,
    )
    .meta({ examples: [PINNED_KUBERNETES] }),
});

const gitopsField = () => gitops.exactOptional().describe('What Flux applies on this cluster. Default: no Flux.');

const localSpec = z.strictObject({
  provisioner: z
    .literal('local')
    .describe('How the cluster comes to be. local: etcd and kube-apiserver as processes on this machine, without containers.'),
  local: local.prefault({}).describe('Settings of the provisioner local.'),
  gitops: gitopsField(),
  hooks: hooksField(),
});

const existingSpec = z.strictObject({
  provisioner: z
    .literal('existing')
    .describe('How the cluster comes to be. existing: it is already there, and stays when the project goes.'),
  existing: existing.describe('Settings of the provisioner existing.'),
  gitops: gitopsField(),
  hooks: hooksField(),
});

export const clusterSpec = z.discriminatedUnion('provisioner', [localSpec, existingSpec, capiSpec, eksSpec]);

export const clusterDocument = z
  .strictObject({
    apiVersion: z.literal(API_VERSION).describe('Version of the format.'),
    kind: z.literal('Cluster').describe('Kind of the document.'),
    metadata: metadata().describe('Name of the cluster.'),
    spec: clusterSpec.describe('How the cluster comes to be, and what Flux applies on it.'),
  })
  .describe('A Kubernetes cluster, and what Flux applies on it.');

export type ClusterDocument = z.output<typeof clusterDocument>;
export type ClusterSpec = z.output<typeof clusterSpec>;
export type LocalSpec = z.output<typeof localSpec>['local'];
