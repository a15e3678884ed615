/** Where a local cluster keeps what, and which certificates it has. Pure. */
import { join } from 'node:path';
import { certificateFile, type IdentitySet, keyFile, publicKeyFile } from '../pki/identity-files.ts';

export interface ClusterLayout {
  readonly dir: string;
  readonly clusterFile: string;
  readonly pkiDir: string;
  readonly etcdDir: string;
  readonly logsDir: string;
  readonly runtimeDir: string;
  /** Self-contained, of the administrator. */
  readonly kubeconfig: string;
  readonly controllerManagerKubeconfig: string;
  readonly cert: (name: PairName) => string;
  readonly key: (name: PairName | 'service-account') => string;
  readonly serviceAccountPublicKey: string;
  readonly log: (component: string) => string;
}

export type PairName =
  | 'ca'
  | 'etcd-ca'
  | 'front-proxy-ca'
  | 'front-proxy-client'
  | 'etcd-server'
  | 'etcd-peer'
  | 'apiserver'
  | 'apiserver-etcd-client'
  | 'controller-manager'
  | 'controller-manager-server'
  | 'admin';

export function clusterLayout(dir: string): ClusterLayout {
  const pkiDir = join(dir, 'pki');
  return {
    dir,
    clusterFile: join(dir, 'cluster.json'),
    pkiDir,
    etcdDir: join(dir, 'etcd'),
    logsDir: join(dir, 'logs'),
    runtimeDir: join(dir, 'runtime'),
    kubeconfig: join(dir, 'kubeconfig'),
    controllerManagerKubeconfig: join(dir, 'controller-manager.kubeconfig'),
    cert: (name) => certificateFile(pkiDir, name),
    key: (name) => keyFile(pkiDir, name),
    serviceAccountPublicKey: publicKeyFile(pkiDir, 'service-account'),
    log: (component) => join(dir, 'logs', `${component}.log`),
  };
}

/** First address of `serviceCidr`: the `kubernetes` Service. */
export const SERVICE_CIDR = '10.96.0.0/16';
const SERVICE_ADDRESS = '10.96.0.1';
const LOOPBACK = ['127.0.0.1', '::1'];

export interface CertificateLives {
  readonly leafLifeMs?: number;
  readonly authorityLifeMs?: number;
}

/** All certificates of one cluster. etcd has an authority of its own: no certificate of Kubernetes opens it. */
export function clusterIdentities(name: string, layout: ClusterLayout, lives: CertificateLives = {}): IdentitySet {
  const life = lives.leafLifeMs === undefined ? {} : { lifeMs: lives.leafLifeMs };
  const authorityLife = lives.authorityLifeMs === undefined ? {} : { lifeMs: lives.authorityLifeMs };
  const local = { dnsNames: ['localhost'], ipAddresses: LOOPBACK };
  const server = { usages: ['server'] as const, issuer: 'ca', ...life };
  const client = { usages: ['client'] as const, issuer: 'ca', ...life };
  return {
    dir: layout.pkiDir,
    authorities: [
      { name: 'ca', subject: { commonName: `slipway ${name}` }, ...authorityLife },
      { name: 'etcd-ca', subject: { commonName: `slipway ${name} etcd` }, ...authorityLife },
      { name: 'front-proxy-ca', subject: { commonName: `slipway ${name} front-proxy` }, ...authorityLife },
    ],
    leaves: [
      // etcd dials itself with its server certificate (gRPC gateway): it is a client as well.
      { name: 'etcd-server', issuer: 'etcd-ca', subject: { commonName: 'etcd' }, usages: ['server', 'client'], ...local, ...life },
      { name: 'etcd-peer', issuer: 'etcd-ca', subject: { commonName: 'etcd-peer' }, usages: ['server', 'client'], ...local, ...life },
      {
        name: 'apiserver-etcd-client',
        issuer: 'etcd-ca',
        subject: { commonName: 'kube-apiserver-etcd-client' },
        usages: ['client'],
        ...life,
      },
      { name: 'front-proxy-client', issuer: 'front-proxy-ca', subject: { commonName: 'front-proxy-client' }, usages: ['client'], ...life },
      {
        name: 'apiserver',
        subject: { commonName: 'kube-apiserver' },
        dnsNames: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'kubernetes.default.svc.cluster.local'],
        ipAddresses: [...LOOPBACK, SERVICE_ADDRESS],
        ...server,
      },
      { name: 'controller-manager-server', subject: { commonName: 'kube-controller-manager' }, ...local, ...server },
      { name: 'controller-manager', subject: { commonName: 'system:kube-controller-manager' }, ...client },
      { name: 'admin', subject: { commonName: 'slipway-admin', organizations: ['system:masters'] }, ...client },
    ],
    signingKeys: ['service-account'],
  };
}
