/** How a management cluster takes over itself: the pivot, what goes before and after it, and the bootstrap cluster it leaves. */
import * as z from 'zod';
import { existing } from './existing.ts';
import { gitops } from './gitops.ts';
import { duration, exactlyOne, label, objectName } from './vocabulary.ts';

/** Designed, not built yet. */
export const RESERVED_BOOTSTRAPS = ['kind', 'vm'] as const;

const fluxTarget = z.strictObject({
  kind: z.enum(['Kustomization', 'HelmRelease', 'GitRepository', 'OCIRepository', 'HelmRepository']).describe('Kind of the Flux object.'),
  namespace: label().default('flux-system').describe('Its namespace. Default: flux-system.'),
  name: objectName().describe('Its name.'),
});

const scaleTarget = z.strictObject({
  kind: z.enum(['Deployment', 'StatefulSet']).default('Deployment').describe('Kind of the workload. Default: Deployment.'),
  namespace: label().describe('Its namespace.'),
  name: objectName().describe('Its name.'),
  replicas: z.number().int().min(0).max(1000).describe('How many pods it then has; 0 stops it.'),
});

const hook = exactlyOne(
  z.strictObject({
    cluster: z.enum(['source', 'target']).describe('The cluster it is done on: source is the one left, target the one that takes over.'),
    suspend: fluxTarget.exactOptional().describe('Suspend this Flux object.'),
    resume: fluxTarget.exactOptional().describe('Resume this Flux object.'),
    scale: scaleTarget.exactOptional().describe('Scale this workload, and wait until that is so.'),
  }),
  ['suspend', 'resume', 'scale'],
);

export const pivot = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether the management cluster takes over its own definition. Without it the bootstrap cluster stays. Default: true.'),
  timeout: duration()
    .exactOptional()
    .describe('Bound of each wait of the pivot. Default: that of the run.')
    .meta({ examples: ['15m'] }),
  hooks: z
    .strictObject({
      before: z
        .array(hook)
        .default([])
        .describe('Done in this order before anything is paused; taken back by a rollback. Default: nothing.'),
      after: z.array(hook).default([]).describe('Done in this order after the target took over. Default: nothing.'),
    })
    .prefault({})
    .describe('What is done around the pivot to those who also write these objects.'),
});

const gitopsField = () =>
  gitops
    .exactOptional()
    .describe(
      'What Flux applies on the bootstrap cluster. It is suspended for the pivot, and goes with the bootstrap cluster. Default: no Flux.',
    );

const localBootstrap = z.strictObject({
  provisioner: z
    .literal('local')
    .describe('How the bootstrap cluster comes to be. local: etcd and kube-apiserver as processes on this machine.'),
  gitops: gitopsField(),
});

const existingBootstrap = z.strictObject({
  provisioner: z
    .literal('existing')
    .describe('How the bootstrap cluster comes to be. existing: it is already there, and stays; only what Slipway put on it goes.'),
  existing: existing.describe('How the existing bootstrap cluster is reached.'),
  gitops: gitopsField(),
});

export const bootstrapCluster = z.discriminatedUnion('provisioner', [localBootstrap, existingBootstrap]);

export type BootstrapClusterSpec = z.output<typeof bootstrapCluster>;
export type PivotSpec = z.output<typeof pivot>;
export type PivotHookSpec = z.output<typeof hook>;
