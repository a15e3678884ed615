/** Control plane and workers by kubeadm: Cluster API's own providers, v1beta2. */
import type { KubeObject } from '../../../kube/types.ts';
import { BOOTSTRAP_API, CONTROL_PLANE_API } from '../../words.ts';
import {
  type Argument,
  compact,
  contractRef,
  type Fields,
  type MachineGroup,
  type NodeDemands,
  type NodeFile,
  type Rendering,
} from '../rendering.ts';
import type { BootstrapRenderer } from './bootstrap.ts';
import { kubeletLabels } from './node-labels.ts';
import { registriesSecret, siteFiles } from './site-files.ts';

const CONTAINERD = 'unix:///var/run/containerd/containerd.sock';
const EXTERNAL: Argument = { name: 'cloud-provider', value: 'external' };

export const kubeadm: BootstrapRenderer = {
  controlPlane: { apiVersion: CONTROL_PLANE_API, kind: 'KubeadmControlPlane' },
  configTemplate: { apiVersion: BOOTSTRAP_API, kind: 'KubeadmConfigTemplate' },
  controlPlaneSpec: (rendering, { node, machineTemplate }) => {
    const { controlPlane, kubernetesVersion } = rendering.cluster.capi;
    return {
      replicas: controlPlane.replicas,
      version: kubernetesVersion,
      machineTemplate: { spec: { infrastructureRef: contractRef(machineTemplate) } },
      kubeadmConfigSpec: controlPlaneConfig(rendering, node),
    };
  },
  classSpec: (rendering, node) => ({ kubeadmConfigSpec: controlPlaneConfig(rendering, node) }),
  workerConfig: (group, rendering, node) => {
    const taints = group.role === 'worker' ? group.machines.taints.map((taint) => compact({ ...taint })) : [];
    const joinConfiguration = { nodeRegistration: { ...nodeRegistration(group, node), ...compact({ taints }) } };
    return { joinConfiguration, ...machineSetup(rendering, node) };
  },
  companions: (rendering) => present(registriesSecret(rendering)),
};

function controlPlaneConfig(rendering: Rendering, node: NodeDemands): Fields {
  const group: MachineGroup = { role: 'control-plane', machines: rendering.cluster.capi.controlPlane };
  const registration = { nodeRegistration: nodeRegistration(group, node) };
  const clusterConfiguration = compact({
    apiServer: compact({ certSANs: node.certificateNames ?? [] }),
    controllerManager: compact({ extraArgs: node.hasCloudController ? [{ ...EXTERNAL }] : [] }),
  });
  return {
    ...compact({ clusterConfiguration }),
    initConfiguration: registration,
    joinConfiguration: registration,
    ...machineSetup(rendering, node),
  };
}

function nodeRegistration(group: MachineGroup, node: NodeDemands): Fields {
  const labels = group.role === 'worker' ? kubeletLabels(group.machines.labels) : [];
  const kubeletExtraArgs = [
    ...(node.hasCloudController ? [EXTERNAL] : []),
    ...(node.kubeletArgs ?? []),
    ...(labels.length > 0 ? [{ name: 'node-labels', value: labels.join(',') }] : []),
  ].map(({ name, value }) => ({ name, value }));
  return compact({ name: node.nodeName, criSocket: CONTAINERD, kubeletExtraArgs });
}

function machineSetup(rendering: Rendering, node: NodeDemands): Fields {
  const site = siteFiles(rendering);
  return compact({
    files: [...(node.files ?? []), ...site.files].map(toFile),
    preKubeadmCommands: [...(node.commands ?? []), ...site.commands],
    users: node.users ?? [],
  });
}

export function toFile(file: NodeFile): Fields {
  const source = 'secret' in file ? { contentFrom: { secret: { ...file.secret } } } : { content: file.content };
  return { path: file.path, owner: 'root:root', permissions: file.permissions, ...source };
}

export function present(object: KubeObject | undefined): readonly KubeObject[] {
  return object === undefined ? [] : [object];
}
