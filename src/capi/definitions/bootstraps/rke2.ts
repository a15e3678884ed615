/** Control plane and workers by RKE2: cluster-api-provider-rke2, whose pinned CRDs are v1beta1. */
import type { Json } from '../../../core/digest.ts';
import { compact, type Fields, type MachineGroup, type NodeDemands, type Rendering } from '../rendering.ts';
import type { BootstrapRenderer } from './bootstrap.ts';
import { present, toFile } from './kubeadm.ts';
import { kubeletLabels } from './node-labels.ts';
import { registriesSecret, siteFiles } from './site-files.ts';

export const rke2: BootstrapRenderer = {
  controlPlane: { apiVersion: 'controlplane.cluster.x-k8s.io/v1beta1', kind: 'RKE2ControlPlane' },
  configTemplate: { apiVersion: 'bootstrap.cluster.x-k8s.io/v1beta1', kind: 'RKE2ConfigTemplate' },
  controlPlaneSpec: (rendering, { node, machineTemplate }) => {
    const { controlPlane, kubernetesVersion } = rendering.cluster.capi;
    const group: MachineGroup = { role: 'control-plane', machines: controlPlane };
    return {
      replicas: controlPlane.replicas,
      version: kubernetesVersion,
      registrationMethod: 'internal-first',
      rolloutStrategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } },
      machineTemplate: { infrastructureRef: { ...machineTemplate, namespace: rendering.cluster.capi.namespace } },
      serverConfig: serverConfig(rendering, node),
      ...machineSetup(group, rendering, node),
    };
  },
  // No class is rendered for it: rules/capi-fields.ts refuses it.
  classSpec: () => ({}),
  workerConfig: machineSetup,
  companions: (rendering) => present(registriesSecret(rendering)),
};

/** Addresses of pods and services come from the Cluster. */
function serverConfig({ cluster: { capi } }: Rendering, node: NodeDemands): Fields {
  return compact({
    cni: capi.rke2.cni,
    clusterDomain: capi.network.serviceDomain,
    tlsSan: [...(capi.endpoint ? [capi.endpoint.host] : []), ...(node.certificateNames ?? [])],
    kubeAPIServer: node.allowsAnonymous ? { extraArgs: ['--anonymous-auth=true'] } : undefined,
    cloudProviderName: node.hasCloudController ? 'external' : undefined,
    disableComponents: node.hasCloudController ? { kubernetesComponents: ['cloudController'] } : undefined,
  });
}

function machineSetup(group: MachineGroup, rendering: Rendering, node: NodeDemands): Fields {
  const site = siteFiles(rendering);
  const config = agentConfig(group, node);
  return compact({
    agentConfig: config,
    files: [...(node.files ?? []), ...site.files].map(toFile),
    preRKE2Commands: [...(node.commands ?? []), ...site.commands],
  });
}

function agentConfig(group: MachineGroup, node: NodeDemands): Fields {
  const kubeletArgs = (node.kubeletArgs ?? []).map(({ name, value }) => `${name}=${value}`);
  const labels = group.role === 'worker' ? kubeletLabels(group.machines.labels) : [];
  const taints = group.role === 'worker' ? group.machines.taints.map(({ key, value = '', effect }) => `${key}=${value}:${effect}`) : [];
  const kubelet: Json | undefined = kubeletArgs.length > 0 ? { extraArgs: kubeletArgs } : undefined;
  const users = (node.users ?? []).length > 0 ? { config: JSON.stringify({ users: node.users }) } : undefined;
  return compact({ nodeName: node.nodeName, nodeLabels: labels, nodeTaints: taints, kubelet, additionalUserData: users });
}
