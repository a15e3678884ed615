/** Infrastructure `openstack`: cluster-api-provider-openstack, whose pinned CRDs are v1beta1. */
import { compact, type Fields, type InfrastructureRenderer, type Rendering, secretObject } from '../rendering.ts';

type OpenStack = Rendering<'openstack'>;

const identityName = ({ cluster }: OpenStack): string => `${cluster.name}-cloud-config`;

export const openstack: InfrastructureRenderer<'openstack'> = {
  apiVersion: 'infrastructure.cluster.x-k8s.io/v1beta1',
  clusterKind: 'OpenStackCluster',
  clusterSpec: (rendering) => ({
    identityRef: { name: identityName(rendering), cloudName: rendering.cluster.capi.openstack.cloud },
    managedSecurityGroups: { allowAllInClusterTraffic: true },
    ...apiServers(rendering),
    ...networks(rendering),
  }),
  machineKind: 'OpenStackMachineTemplate',
  machineSpec: ({ machines: { machine } }, { cluster }) =>
    compact({
      flavor: machine.flavor,
      image: { filter: { name: machine.image ?? '' } },
      rootVolume: machine.rootVolume && compact({ sizeGiB: machine.rootVolume.sizeGiB, type: machine.rootVolume.type }),
      sshKeyName: cluster.capi.openstack.sshKeyName,
    }),
  companions: (rendering) => {
    const { credentials, caCert } = rendering.cluster.capi.openstack;
    const authority = caCert && { cacert: rendering.text(caCert) };
    return [secretObject(rendering, identityName(rendering), { 'clouds.yaml': rendering.text(credentials), ...authority })];
  },
  node: (_group, { cluster }) => {
    const isRke2 = cluster.capi.bootstrap === 'rke2';
    return {
      hasCloudController: true,
      nodeName: isRke2 ? '{{ ds.meta_data.local_hostname }}' : '{{ local_hostname }}',
      kubeletArgs: [{ name: 'provider-id', value: isRke2 ? 'openstack:///{{ ds.meta_data.uuid }}' : "openstack:///'{{ instance_id }}'" }],
    };
  },
};

/** Without load balancer the endpoint is someone else's business: kube-vip, or a balancer outside. */
function apiServers({ cluster: { capi } }: OpenStack): Fields {
  if (capi.openstack.loadBalancer) return { apiServerLoadBalancer: { enabled: true } };
  const { host = '', port = 6443 } = capi.endpoint ?? {};
  return { apiServerLoadBalancer: { enabled: false }, controlPlaneEndpoint: { host, port }, disableAPIServerFloatingIP: true };
}

function networks({ cluster }: OpenStack): Fields {
  const { externalNetwork, network, subnet, nodeCidr, dnsServers } = cluster.capi.openstack;
  const external = externalNetwork === undefined ? {} : { externalNetwork: { id: externalNetwork } };
  if (network === undefined) return { ...external, managedSubnets: [compact({ cidr: nodeCidr, dnsNameservers: dnsServers })] };
  const subnets = subnet === undefined ? {} : { subnets: [{ filter: { name: subnet } }] };
  return { ...external, network: { filter: { name: network } }, ...subnets };
}
