/** kube-vip as a static pod of the control plane: it answers at an address that moves from machine to machine (https://kube-vip.io). */
import { stringify } from 'yaml';
import type { NodeFile, Rendering } from '../rendering.ts';

/** The version the vSphere provider's own templates use. */
const IMAGE = 'ghcr.io/kube-vip/kube-vip:v0.6.4';
const HOSTS = '/etc/kube-vip.hosts';

interface Layout {
  readonly manifest: string;
  readonly kubeconfig: string;
}

const KUBEADM: Layout = { manifest: '/etc/kubernetes/manifests/kube-vip.yaml', kubeconfig: '/etc/kubernetes/admin.conf' };
const RKE2: Layout = { manifest: '/var/lib/rancher/rke2/agent/pod-manifests/kube-vip.yaml', kubeconfig: '/etc/rancher/rke2/rke2.yaml' };

/**
 * From Kubernetes 1.29 on admin.conf gets its rights only after the first API server runs, which waits for this very address:
 * the first machine uses super-admin.conf (https://github.com/kube-vip/kube-vip/issues/684).
 */
const USE_SUPER_ADMIN = `if [ -f /run/kubeadm/kubeadm.yaml ]; then sed -i 's#path: /etc/kubernetes/admin.conf#path: /etc/kubernetes/super-admin.conf#' ${KUBEADM.manifest}; fi`;

export function kubeVip({ cluster }: Rendering<'vsphere'>): { readonly files: readonly NodeFile[]; readonly commands: readonly string[] } {
  const isRke2 = cluster.capi.bootstrap === 'rke2';
  const layout = isRke2 ? RKE2 : KUBEADM;
  const files = [
    { path: layout.manifest, permissions: '0644', content: stringify(pod(cluster, layout)) },
    { path: HOSTS, permissions: '0644', content: '127.0.0.1 localhost kubernetes\n' },
  ];
  return { files, commands: isRke2 ? [] : [USE_SUPER_ADMIN] };
}

function pod({ capi }: Rendering<'vsphere'>['cluster'], { kubeconfig }: Layout) {
  const settings = {
    cp_enable: 'true',
    cp_namespace: 'kube-system',
    address: capi.endpoint?.host ?? '',
    port: String(capi.endpoint?.port ?? 6443),
    vip_interface: capi.vsphere.vipInterface ?? '',
    vip_cidr: '32',
    vip_arp: 'true',
    vip_leaderelection: 'true',
    vip_leasename: 'plndr-cp-lock',
    vip_leaseduration: '15',
    vip_renewdeadline: '10',
    vip_retryperiod: '2',
  };
  const container = {
    name: 'kube-vip',
    image: IMAGE,
    args: ['manager'],
    env: Object.entries(settings).map(([name, value]) => ({ name, value })),
    securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } },
    volumeMounts: [
      { name: 'kubeconfig', mountPath: '/etc/kubernetes/admin.conf' },
      { name: 'etchosts', mountPath: '/etc/hosts' },
    ],
  };
  const volumes = [
    { name: 'kubeconfig', hostPath: { path: kubeconfig } },
    { name: 'etchosts', hostPath: { path: HOSTS, type: 'File' } },
  ];
  const spec = { hostNetwork: true, containers: [container], volumes };
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'kube-vip', namespace: 'kube-system' }, spec };
}
