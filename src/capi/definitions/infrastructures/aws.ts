/** Infrastructure `aws`: cluster-api-provider-aws, machines on EC2. Its kinds are v1beta2 by name and follow the contract v1beta1. */
import type { KubeObject } from '../../../kube/types.ts';
import { CLUSTER_NAME_LABEL, INFRASTRUCTURE_API } from '../../words.ts';
import { compact, type Fields, type InfrastructureRenderer, type MachineGroup, MOVES, type Rendering, secretObject } from '../rendering.ts';

type Aws = Rendering<'aws'>;

/** The provider reads the Secrets of static identities from the namespace it runs in, and nowhere else. */
const PROVIDER_NAMESPACE = 'capa-system';
/** Made by `clusterawsadm bootstrap iam create-cloudformation-stack`. */
const PROFILES = {
  'control-plane': 'control-plane.cluster-api-provider-aws.sigs.k8s.io',
  worker: 'nodes.cluster-api-provider-aws.sigs.k8s.io',
} as const;

export const aws: InfrastructureRenderer<'aws'> = {
  apiVersion: INFRASTRUCTURE_API,
  clusterKind: 'AWSCluster',
  clusterSpec: (rendering) => {
    const { region, sshKeyName, tags } = rendering.cluster.capi.aws;
    return {
      region,
      identityRef: identityRef(rendering),
      // Left out, it would mean a key pair called "default".
      sshKeyName: sshKeyName ?? '',
      controlPlaneLoadBalancer: loadBalancer(rendering),
      network: network(rendering),
      ...compact({ additionalTags: tags }),
    };
  },
  machineKind: 'AWSMachineTemplate',
  machineSpec,
  companions: (rendering) => (rendering.cluster.capi.aws.credentials ? staticIdentity(rendering) : []),
  node: () => ({ hasCloudController: true, nodeName: '{{ ds.meta_data.local_hostname }}' }),
};

const identityName = ({ cluster }: Aws): string => `${cluster.capi.namespace}-${cluster.name}`;

function identityRef(rendering: Aws): Fields {
  const { identity } = rendering.cluster.capi.aws;
  return identity ? { ...identity } : { kind: 'AWSClusterStaticIdentity', name: identityName(rendering) };
}

function loadBalancer({ cluster }: Aws): Fields {
  const { loadBalancer: loadBalancerType, internal } = cluster.capi.aws;
  const health = loadBalancerType === 'nlb' ? { healthCheckProtocol: 'HTTPS' } : {};
  return { loadBalancerType, scheme: internal ? 'internal' : 'internet-facing', ...health };
}

function network({ cluster: { capi } }: Aws): Fields {
  const { vpc, vpcCidr, subnets } = capi.aws;
  // New RKE2 machines register with those that are there on a port of its own.
  const registration = {
    description: 'RKE2 registration',
    protocol: 'tcp',
    fromPort: 9345,
    toPort: 9345,
    sourceSecurityGroupRoles: ['node', 'controlplane'],
  };
  return {
    vpc: vpc === undefined ? { cidrBlock: vpcCidr } : { id: vpc },
    ...compact({ subnets: subnets.map((id) => ({ id })) }),
    ...(capi.bootstrap === 'rke2' && { additionalControlPlaneIngressRules: [registration] }),
  };
}

function machineSpec({ role, machines: { machine } }: MachineGroup, { cluster }: Aws): Fields {
  const { rootVolume } = machine;
  return compact({
    instanceType: machine.instanceType,
    ami: machine.ami === undefined ? undefined : { id: machine.ami },
    iamInstanceProfile: machine.iamInstanceProfile ?? PROFILES[role],
    instanceMetadataOptions: { httpTokens: 'required' },
    rootVolume: rootVolume && compact({ size: rootVolume.sizeGiB, type: rootVolume.type, encrypted: true }),
    sshKeyName: cluster.capi.aws.sshKeyName ?? '',
  });
}

/** Cluster-wide kind; only the namespace of the definition may use it. */
function staticIdentity(rendering: Aws): readonly KubeObject[] {
  const { cluster, text } = rendering;
  const { credentials } = cluster.capi.aws;
  if (!credentials) return [];
  const name = identityName(rendering);
  const token = credentials.sessionToken && { SessionToken: text(credentials.sessionToken) };
  const secret = secretObject(rendering, name, {
    AccessKeyID: text(credentials.accessKeyId),
    SecretAccessKey: text(credentials.secretAccessKey),
    ...token,
  });
  const identity = {
    apiVersion: INFRASTRUCTURE_API,
    kind: 'AWSClusterStaticIdentity',
    metadata: { name, labels: { [CLUSTER_NAME_LABEL]: cluster.name, ...MOVES } },
    spec: { secretRef: name, allowedNamespaces: { list: [cluster.capi.namespace] } },
  };
  return [{ ...secret, metadata: { ...secret.metadata, namespace: PROVIDER_NAMESPACE } }, identity];
}
