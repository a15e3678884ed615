/** Command lines of the control plane's processes. Pure; no secret is ever an argument, only paths of 0600 files. */
import { type ClusterLayout, SERVICE_CIDR } from './cluster-layout.ts';

export interface ControlPlanePorts {
  readonly etcd: number;
  readonly etcdPeer: number;
  readonly apiserver: number;
  readonly controllerManager: number;
}

export const controlPlaneComponents = ['etcd', 'kube-apiserver', 'kube-controller-manager'] as const;
export type ControlPlaneComponent = (typeof controlPlaneComponents)[number];

const url = (port: number): string => `https://127.0.0.1:${port}`;

/** One member, mTLS for clients and peers, fsync on: a cluster survives power loss. */
export function etcdArgs(layout: ClusterLayout, ports: ControlPlanePorts): readonly string[] {
  return [
    '--name=slipway',
    `--data-dir=${layout.etcdDir}`,
    `--listen-client-urls=${url(ports.etcd)}`,
    `--advertise-client-urls=${url(ports.etcd)}`,
    `--listen-peer-urls=${url(ports.etcdPeer)}`,
    `--initial-advertise-peer-urls=${url(ports.etcdPeer)}`,
    `--initial-cluster=slipway=${url(ports.etcdPeer)}`,
    `--cert-file=${layout.cert('etcd-server')}`,
    `--key-file=${layout.key('etcd-server')}`,
    '--client-cert-auth=true',
    `--trusted-ca-file=${layout.cert('etcd-ca')}`,
    `--peer-cert-file=${layout.cert('etcd-peer')}`,
    `--peer-key-file=${layout.key('etcd-peer')}`,
    '--peer-client-cert-auth=true',
    `--peer-trusted-ca-file=${layout.cert('etcd-ca')}`,
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=10m',
    '--quota-backend-bytes=8589934592',
  ];
}

/** RBAC on, no kubelet, no cloud, no endpoint reconciler (loopback is refused as an endpoint address). */
export function apiserverArgs(layout: ClusterLayout, ports: ControlPlanePorts): readonly string[] {
  return [
    `--etcd-servers=${url(ports.etcd)}`,
    `--etcd-cafile=${layout.cert('etcd-ca')}`,
    `--etcd-certfile=${layout.cert('apiserver-etcd-client')}`,
    `--etcd-keyfile=${layout.key('apiserver-etcd-client')}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${ports.apiserver}`,
    `--tls-cert-file=${layout.cert('apiserver')}`,
    `--tls-private-key-file=${layout.key('apiserver')}`,
    `--client-ca-file=${layout.cert('ca')}`,
    `--requestheader-client-ca-file=${layout.cert('front-proxy-ca')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${layout.cert('front-proxy-client')}`,
    `--proxy-client-key-file=${layout.key('front-proxy-client')}`,
    '--authorization-mode=RBAC',
    '--allow-privileged=true',
    '--endpoint-reconciler-type=none',
    '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
    `--service-account-key-file=${layout.serviceAccountPublicKey}`,
    `--service-account-signing-key-file=${layout.key('service-account')}`,
    `--service-cluster-ip-range=${SERVICE_CIDR}`,
    '--profiling=false',
  ];
}

/** No kubelet will ever renew a Node's lease: the controllers that evict because of that are off. */
export function controllerManagerArgs(layout: ClusterLayout, ports: ControlPlanePorts): readonly string[] {
  const kubeconfig = layout.controllerManagerKubeconfig;
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${ports.controllerManager}`,
    `--tls-cert-file=${layout.cert('controller-manager-server')}`,
    `--tls-private-key-file=${layout.key('controller-manager-server')}`,
    `--root-ca-file=${layout.cert('ca')}`,
    `--service-account-private-key-file=${layout.key('service-account')}`,
    '--use-service-account-credentials=true',
    '--leader-elect=false',
    // Each controller asks for its own token at start; at the default 20 a second that alone takes four seconds.
    '--kube-api-qps=500',
    '--kube-api-burst=1000',
    '--controllers=*,-node-lifecycle-controller,-taint-eviction-controller',
    '--profiling=false',
  ];
}
