/** For tests: one cluster for each infrastructure and bootstrap provider, with everything said that can be said. */
import { loadProject } from '../../config/load.ts';
import { hostWith } from '../../config/memory-host.ts';
import type { CapiCluster } from '../../config/resolved.ts';
import { Redactor } from '../../core/redaction.ts';
import { resolveDefinitionValues, type ValueText } from './values.ts';

const SITE = `apiVersion: slipway.dev/v1alpha1
kind: Project
metadata: {name: sample}
spec:
  site:
    registries:
      registry.example.com: {username: robot, password: {env: REGISTRY_PASSWORD}, caBundle: {file: ./ca.pem}}
      docker.io: {mirror: mirror.example.com/docker.io}
    proxy: {http: "http://proxy.example.com:3128", noProxy: [.example.com]}
    caBundles: {Example Root: {file: ./ca.pem}}
---
`;

const MANAGEMENT = `apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: mgmt}
spec:
  provisioner: capi
  role: management
  capi: {infrastructure: local}
  bootstrapCluster: {provisioner: local}
`;

const GROUPS = `    controlPlane: {replicas: 3}
    workers:
      general:
        replicas: 3
        healthCheck: {timeout: 10m, unhealthyLimit: "50%"}
      ingress:
        replicas: 1
        failureDomain: zone-a
        labels: {node-role.kubernetes.io/ingress: "", example.com/tier: edge}
        taints: [{key: dedicated, value: ingress, effect: NoSchedule}]
        healthCheck: {enabled: false}
`;

const cluster = (capi: string): string => `---
apiVersion: slipway.dev/v1alpha1
kind: Cluster
metadata: {name: web}
spec:
  provisioner: capi
  capi:
    managementCluster: mgmt
    namespace: fleet
${capi}`;

const OPENSTACK = `    infrastructure: openstack
    machine: {image: ubuntu-kube, flavor: m1.large, rootVolume: {sizeGiB: 50, type: ssd}}
    openstack:
      credentials: {file: ./clouds.yaml}
      caCert: {file: ./ca.pem}
      externalNetwork: 1b2c3d4e-0000-4000-8000-123456789abc
      dnsServers: [9.9.9.9]
      sshKeyName: ops
`;

const AWS = `    infrastructure: aws
    machine: {instanceType: m7i.large, rootVolume: {sizeGiB: 80, type: gp3}}
    aws:
      region: eu-central-1
      credentials: {accessKeyId: {env: AWS_ACCESS_KEY_ID}, secretAccessKey: {env: AWS_SECRET_ACCESS_KEY}}
      tags: {team: platform}
`;

const VSPHERE = `    infrastructure: vsphere
    machine: {template: ubuntu-kube, cpus: 4, memoryMiB: 16384, diskGiB: 80}
    endpoint: {host: 192.168.10.5}
    vsphere:
      server: vcenter.example.com
      thumbprint: "${'AB:'.repeat(19)}AB"
      credentials: {username: capv@vsphere.local, password: {env: VSPHERE_PASSWORD}}
      datacenter: dc1
      datastore: fast
      folder: clusters
      resourcePool: production
      network: VM Network
      sshAuthorizedKeys: [ssh-ed25519 AAAA ops@example.com]
`;

const version = (text: string): string => `    kubernetesVersion: "${text}"\n`;
const RKE2 = `    bootstrap: rke2\n${version('1.34.5+rke2r1')}`;
const KUBEADM = version('1.34.5');

/** Name of the golden file → the part of the document that differs. */
const SAMPLES: Readonly<Record<string, string>> = {
  local: '    infrastructure: local\n',
  dev: `    infrastructure: dev\n    dev: {startup: {machine: 10s, node: 500ms, etcd: 2s}}\n${GROUPS}`,
  'kubeadm-docker': `    infrastructure: docker\n${KUBEADM}${GROUPS}`,
  'rke2-docker': `    infrastructure: docker\n    machine: {image: "kindest/node:v1.34.5"}\n${RKE2}${GROUPS}`,
  'kubeadm-openstack': `${OPENSTACK}${KUBEADM}${GROUPS}`,
  'rke2-openstack': `${OPENSTACK.replace('sshKeyName: ops', 'network: shared\n      subnet: nodes\n      loadBalancer: false')}    endpoint: {host: 10.6.0.10}\n${RKE2}${GROUPS}`,
  'kubeadm-aws': `${AWS}${KUBEADM}${GROUPS}`,
  'rke2-aws': `${AWS.replace(/credentials:.*/, 'identity: {kind: AWSClusterControllerIdentity, name: default}\n      vpc: vpc-0123456789abcdef0\n      subnets: [subnet-1, subnet-2]\n      internal: true')}${RKE2}${GROUPS}`,
  'kubeadm-vsphere': `${VSPHERE}${KUBEADM}${GROUPS}`,
  'rke2-vsphere': `${VSPHERE}${RKE2}${GROUPS}`,
  'class-local': '    infrastructure: local\n    topology: clusterClass\n',
  'class-dev': `    infrastructure: dev\n    topology: clusterClass\n${GROUPS}`,
  'class-docker': `    infrastructure: docker\n    topology: clusterClass\n${KUBEADM}${GROUPS}`,
};

export const SAMPLE_NAMES: readonly string[] = Object.keys(SAMPLES);

export interface SampleCluster {
  readonly cluster: CapiCluster;
  readonly text: ValueText;
}

/** `edit` changes the text of the project before it is read. */
export async function sampleCluster(name: string, edit: (project: string) => string = (project) => project): Promise<SampleCluster> {
  const host = hostWith(edit(SITE + MANAGEMENT + cluster(SAMPLES[name] ?? '')), {
    files: {
      '/p/ca.pem': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      '/p/clouds.yaml': 'clouds:\n  openstack:\n    auth: {auth_url: "https://cloud.example.com:5000", password: long-enough}\n',
    },
    env: {
      REGISTRY_PASSWORD: 'registry-password',
      AWS_ACCESS_KEY_ID: 'AKIAIOSFODNN7EXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'aws-secret-access-key',
      VSPHERE_PASSWORD: 'vsphere-password',
    },
  });
  const { clusters } = await loadProject(host, '.');
  const found = clusters.find((candidate) => candidate.name === 'web');
  if (found?.provisioner !== 'capi') throw new Error(`sample ${name} is no cluster of provisioner capi`);
  return { cluster: found, text: await resolveDefinitionValues(host, found, { redactor: new Redactor() }) };
}
