/** Infrastructure `vsphere`: cluster-api-provider-vsphere against a vCenter, whose pinned CRDs are v1beta1. */
import {
  compact,
  type Fields,
  type InfrastructureRenderer,
  type MachineGroup,
  type NodeDemands,
  type Rendering,
  secretObject,
} from '../rendering.ts';
import { kubeVip } from './kube-vip.ts';

type VSphere = Rendering<'vsphere'>;

const identityName = ({ cluster }: VSphere): string => `${cluster.name}-vsphere-credentials`;

export const vsphere: InfrastructureRenderer<'vsphere'> = {
  apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta1',
  clusterKind: 'VSphereCluster',
  clusterSpec: (rendering) => {
    const { vsphere: settings, endpoint } = rendering.cluster.capi;
    return compact({
      server: settings.server,
      thumbprint: settings.thumbprint,
      identityRef: { kind: 'Secret', name: identityName(rendering) },
      controlPlaneEndpoint: endpoint && { host: endpoint.host, port: endpoint.port },
    });
  },
  machineKind: 'VSphereMachineTemplate',
  machineSpec,
  companions: (rendering) => {
    const { username, password } = rendering.cluster.capi.vsphere.credentials;
    return [secretObject(rendering, identityName(rendering), { username: rendering.text(username), password: rendering.text(password) })];
  },
  node,
};

function machineSpec({ machines: { machine } }: MachineGroup, { cluster }: VSphere): Fields {
  const { server, thumbprint, datacenter, datastore, storagePolicy, folder, resourcePool, network } = cluster.capi.vsphere;
  return compact({
    ...{ server, thumbprint, datacenter, datastore, folder, resourcePool },
    storagePolicyName: storagePolicy,
    cloneMode: 'linkedClone',
    template: machine.template,
    numCPUs: machine.cpus ?? 2,
    memoryMiB: machine.memoryMiB ?? 8192,
    diskGiB: machine.diskGiB ?? 40,
    network: { devices: [{ networkName: network, dhcp4: true }] },
    os: 'Linux',
    powerOffMode: 'trySoft',
  });
}

function node(group: MachineGroup, rendering: VSphere): NodeDemands {
  const { capi } = rendering.cluster;
  const keys = capi.vsphere.sshAuthorizedKeys;
  const user = { name: 'capv', sudo: 'ALL=(ALL) NOPASSWD:ALL', sshAuthorizedKeys: keys };
  const hasVip = group.role === 'control-plane' && capi.vsphere.vip === 'kube-vip';
  const vip = hasVip ? kubeVip(rendering) : { files: [], commands: [] };
  return {
    hasCloudController: true,
    nodeName: capi.bootstrap === 'rke2' ? '{{ ds.meta_data.hostname }}' : '{{ local_hostname }}',
    files: vip.files,
    commands: [...HOST_NAME, ...vip.commands],
    users: keys.length > 0 ? [user] : [],
  };
}

/** A clone has the host name of its template until it is told its own. */
const HOST_NAME = [
  'hostnamectl set-hostname "{{ ds.meta_data.hostname }}"',
  'echo "::1         ipv6-localhost ipv6-loopback localhost6 localhost6.localdomain6" >/etc/hosts',
  'echo "127.0.0.1   {{ ds.meta_data.hostname }} {{ local_hostname }} localhost localhost.localdomain localhost4 localhost4.localdomain4" >>/etc/hosts',
];
