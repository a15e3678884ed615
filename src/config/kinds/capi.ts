/**
 * `provisioner: capi`: a cluster that Cluster API makes, described once for all of its providers. Words follow Cluster API
 * (https://cluster-api.sigs.k8s.io); what fits which provider is judged in rules/.
 */
import * as z from 'zod';
import { aws, dev, openstack, vsphere } from './capi-infrastructures.ts';
import { controlPlane, machine, workers } from './capi-machines.ts';
import { gitops } from './gitops.ts';
import { hooksField } from './hooks.ts';
import { bootstrapCluster, pivot } from './pivot.ts';
import { label, line, value } from './vocabulary.ts';

export const INFRASTRUCTURES = ['local', 'dev', 'docker', 'openstack', 'aws', 'vsphere'] as const;
export type Infrastructure = (typeof INFRASTRUCTURES)[number];

const network = z.strictObject({
  podCidr: line()
    .default('10.244.0.0/16')
    .describe('Addresses of pods. Default: 10.244.0.0/16.')
    .meta({ examples: ['10.244.0.0/16'] }),
  serviceCidr: line()
    .default('10.96.0.0/16')
    .describe('Addresses of services. Default: 10.96.0.0/16.')
    .meta({ examples: ['10.96.0.0/16'] }),
  serviceDomain: line().default('cluster.local').describe('Domain of services. Default: cluster.local.'),
});

const rke2 = z.strictObject({
  cni: z
    .enum(['canal', 'calico', 'cilium', 'none'])
    .default('canal')
    .describe('Network plugin that RKE2 brings; none when it is an add-on. Default: canal.'),
});

const endpoint = z.strictObject({
  host: line()
    .describe('Address or name of the API servers, which must be free or lead to them.')
    .meta({ examples: ['192.168.10.5'] }),
  port: z.number().int().min(1).max(65_535).default(6443).describe('Port of the API servers. Default: 6443.'),
});

const addon = z.strictObject({
  manifests: line()
    .describe(
      'File or folder with YAML manifests, relative to the folder of this file. They are applied as they stand, after substitution.',
    )
    .meta({ examples: ['./addons/cni.yaml'] }),
  substitute: z
    .record(
      z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: 'must be the name of a variable: letters, digits and _' }),
      value().describe('Value of the variable: text, {env: NAME}, {file: path} or {output: Cluster/NAME.field}.'),
    )
    .default({})
    .describe(
      'Variables put in for ${NAME}, beside those that each cluster has: CLUSTER_NAME, CLUSTER_NAMESPACE, KUBERNETES_VERSION, POD_CIDR, SERVICE_CIDR, SERVICE_DOMAIN, CONTROL_PLANE_HOST, CONTROL_PLANE_PORT. Default: none.',
    )
    .meta({ examples: [{ MTU: '1450' }] }),
});

/** What stands for a block that is left out. */
export const CAPI_DEFAULTS = {
  rke2: rke2.parse({}),
  controlPlane: controlPlane.parse({}),
  network: network.parse({}),
} as const;

const capi = z.strictObject({
  infrastructure: z
    .enum(INFRASTRUCTURES)
    .describe(
      'Infrastructure provider. local: etcd and kube-apiserver as processes, without machines. dev: simulated machines in memory. docker: machines are containers (Cluster API’s own provider for development). openstack, aws, vsphere: the providers of those names.',
    ),
  bootstrap: z
    .enum(['kubeadm', 'rke2'])
    .default('kubeadm')
    .describe('Bootstrap and control plane provider, where there are machines. Default: kubeadm.'),
  kubernetesVersion: z
    .string()
    .regex(/^v?[0-9]+\.[0-9]+\.[0-9]+(?:\+rke2r[0-9]+)?$/, {
      error: 'must be a full version in quotes, such as "1.36.3", or "1.36.3+rke2r1" with bootstrap rke2',
    })
    .exactOptional()
    .describe(
      'Version of Kubernetes, in quotes. Images of machines hold one version, so it is required with infrastructure docker, openstack, aws and vsphere. Default: the version that local clusters have.',
    )
    .meta({ examples: ['1.36.3', '1.36.3+rke2r1'] }),
  namespace: label()
    .default('default')
    .describe('Namespace of the definition on the management cluster. Default: default.')
    .meta({ examples: ['clusters'] }),
  managementCluster: label()
    .exactOptional()
    .describe('Name of the management cluster, a Cluster of this project with role: management. Required with role: workload.')
    .meta({ examples: ['mgmt'] }),
  topology: z
    .enum(['plain', 'clusterClass'])
    .default('plain')
    .describe(
      'plain: each object of the definition stands for itself. clusterClass: a ClusterClass and a Cluster that follows it. Default: plain.',
    ),
  machine: machine.prefault({}).describe('What machines are, where control plane or pool do not say otherwise.'),
  controlPlane: controlPlane.exactOptional().describe('The control plane. Default: one machine.'),
  workers,
  network: network.exactOptional().describe('Addresses inside the cluster.'),
  endpoint: endpoint
    .exactOptional()
    .describe(
      'Where the API servers are reached, for infrastructures that do not find out themselves: vsphere, and openstack without load balancer.',
    ),
  addons: z
    .record(label(), addon.describe('One set of manifests; its name is the key.'))
    .default({})
    .describe(
      'What is applied on the new cluster before its nodes can be ready: network plugin, cloud controller. In this order. Default: none.',
    ),
  rke2: rke2.exactOptional().describe('Settings of bootstrap rke2.'),
  dev: dev.exactOptional().describe('Settings of infrastructure dev.'),
  openstack: openstack.exactOptional().describe('Settings of infrastructure openstack.'),
  aws: aws.exactOptional().describe('Settings of infrastructure aws.'),
  vsphere: vsphere.exactOptional().describe('Settings of infrastructure vsphere.'),
});

export const capiSpec = z.strictObject({
  provisioner: z
    .literal('capi')
    .describe('How the cluster comes to be. capi: Cluster API makes it, from a definition on a management cluster.'),
  role: z
    .enum(['management', 'workload'])
    .default('workload')
    .describe(
      'management: made with the help of a bootstrap cluster, then manages itself and others. workload: made and kept by a management cluster. Default: workload.',
    ),
  capi: capi.describe('Settings of the provisioner capi.'),
  bootstrapCluster: bootstrapCluster
    .exactOptional()
    .describe('The temporary cluster that makes a management cluster. Required with role: management.'),
  pivot: pivot.exactOptional().describe('How the management cluster takes over its own definition. Only with role: management.'),
  gitops: gitops.exactOptional().describe('What Flux applies on this cluster. Default: no Flux.'),
  hooks: hooksField(),
});

export type CapiClusterSpec = z.output<typeof capiSpec>;
export type CapiSpec = z.output<typeof capi>;
export type AddonSpec = z.output<typeof addon>;
