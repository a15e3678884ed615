/** What a cloud must be told once for a cluster: accounts, networks, load balancers. One block for each infrastructure provider. */
import * as z from 'zod';
import { duration, exactlyOne, line, secret, SECRET_NOTE, value } from './vocabulary.ts';

export const dev = z.strictObject({
  startup: z
    .strictObject({
      machine: duration().default('0s').describe('How long a simulated machine takes to start. Default: 0s.'),
      node: duration().default('0s').describe('How long its node takes to appear. Default: 0s.'),
      apiServer: duration().default('0s').describe('How long its API server takes to start. Default: 0s.'),
      etcd: duration().default('0s').describe('How long its etcd member takes to start. Default: 0s.'),
    })
    .prefault({})
    .describe('Simulated delays. Default: none.'),
});

export const openstack = z.strictObject({
  credentials: secret().describe(
    `clouds.yaml of the account, whole. ${SECRET_NOTE} It becomes a Secret beside the cluster’s definition on the management cluster.`,
  ),
  cloud: line().default('openstack').describe('Name of the cloud in clouds.yaml. Default: openstack.'),
  caCert: value().exactOptional().describe('PEM certificates that sign the cloud’s API. Default: the public authorities.'),
  externalNetwork: line()
    .exactOptional()
    .describe('Id of the network with floating IPs. Default: the only external network that the account sees.')
    .meta({ examples: ['1b2c3d4e-0000-4000-8000-123456789abc'] }),
  network: line()
    .exactOptional()
    .describe('Name of an existing network the machines join. Default: a network of its own, with the addresses of nodeCidr.'),
  subnet: line().exactOptional().describe('Name of a subnet of that network. Only together with network.'),
  nodeCidr: line()
    .default('10.6.0.0/24')
    .describe('Addresses of the machines in a network of its own. Default: 10.6.0.0/24.')
    .meta({ examples: ['10.6.0.0/24'] }),
  dnsServers: z
    .array(line().describe('Address of a name server.'))
    .default([])
    .describe('Name servers of the machines. Default: the cloud’s own.')
    .meta({ examples: [['9.9.9.9']] }),
  loadBalancer: z
    .boolean()
    .default(true)
    .describe('Whether Octavia balances the API servers. Without it capi.endpoint must say where they are reached. Default: true.'),
  sshKeyName: line().exactOptional().describe('Name of the key pair that may log in. Default: none.'),
});

const awsCredentials = z.strictObject({
  accessKeyId: secret().describe(`Access key id. ${SECRET_NOTE}`),
  secretAccessKey: secret().describe(`Secret access key. ${SECRET_NOTE}`),
  sessionToken: secret().exactOptional().describe(`Session token, for temporary credentials. ${SECRET_NOTE}`),
});

const awsIdentity = z.strictObject({
  kind: z
    .enum(['AWSClusterControllerIdentity', 'AWSClusterRoleIdentity', 'AWSClusterStaticIdentity'])
    .describe('Kind of an identity that is on the management cluster already.'),
  name: line()
    .describe('Name of that identity.')
    .meta({ examples: ['default'] }),
});

export const aws = exactlyOne(
  z.strictObject({
    region: line()
      .describe('Region of the cluster.')
      .meta({ examples: ['eu-central-1'] }),
    credentials: awsCredentials
      .exactOptional()
      .describe('Keys of the account; they become an AWSClusterStaticIdentity and its Secret on the management cluster.'),
    identity: awsIdentity.exactOptional().describe('An identity that is on the management cluster already.'),
    vpc: line()
      .exactOptional()
      .describe('Id of an existing VPC. Default: a VPC of its own, with the addresses of vpcCidr.')
      .meta({ examples: ['vpc-0123456789abcdef0'] }),
    vpcCidr: line()
      .default('10.0.0.0/16')
      .describe('Addresses of a VPC of its own. Default: 10.0.0.0/16.')
      .meta({ examples: ['10.0.0.0/16'] }),
    subnets: z
      .array(line().describe('Id of a subnet.'))
      .default([])
      .describe('Subnets of an existing VPC, by id. Only together with vpc. Default: those the provider makes or finds by their tags.'),
    loadBalancer: z
      .enum(['nlb', 'classic', 'alb', 'elb'])
      .default('nlb')
      .describe('Kind of the load balancer before the API servers. Default: nlb.'),
    internal: z.boolean().default(false).describe('Whether that load balancer is reachable only from inside the VPC. Default: false.'),
    sshKeyName: line().exactOptional().describe('Name of the EC2 key pair that may log in. Default: none; the SSM agent still works.'),
    tags: z
      .record(line(), z.string())
      .default({})
      .describe('Tags put on everything the provider makes, beside its own. Default: none.')
      .meta({ examples: [{ team: 'platform' }] }),
  }),
  ['credentials', 'identity'],
);

export const vsphere = z.strictObject({
  server: line()
    .describe('Host name or address of the vCenter.')
    .meta({ examples: ['vcenter.example.com'] }),
  thumbprint: z
    .string()
    .regex(/^(?:[0-9A-Fa-f]{2}:){19}[0-9A-Fa-f]{2}$|^(?:[0-9A-Fa-f]{2}:){31}[0-9A-Fa-f]{2}$/, {
      error: 'must be a certificate fingerprint of 20 or 32 pairs of hexadecimal digits with colons between',
    })
    .exactOptional()
    .describe('Fingerprint of the vCenter’s certificate. Default: the certificate must be signed by a known authority.'),
  credentials: z
    .strictObject({
      username: value()
        .describe('User of the vCenter.')
        .meta({ examples: ['capv@vsphere.local'] }),
      password: secret().describe(`Password of that user. ${SECRET_NOTE}`),
    })
    .describe('Account at the vCenter; it becomes a Secret beside the cluster’s definition on the management cluster.'),
  datacenter: line()
    .describe('Datacenter.')
    .meta({ examples: ['dc1'] }),
  datastore: line().exactOptional().describe('Datastore of the machines. Default: the datacenter’s only one.'),
  storagePolicy: line().exactOptional().describe('Storage policy of the machines, instead of a datastore or beside it. Default: none.'),
  folder: line().exactOptional().describe('Folder of the machines. Default: the datacenter’s own.'),
  resourcePool: line().exactOptional().describe('Resource pool of the machines. Default: the datacenter’s only one.'),
  network: line()
    .describe('Network of the machines; it must give addresses by DHCP.')
    .meta({ examples: ['VM Network'] }),
  vip: z
    .enum(['kube-vip', 'external'])
    .default('kube-vip')
    .describe('Who answers at capi.endpoint: kube-vip on the control plane machines, or something outside. Default: kube-vip.'),
  vipInterface: line().exactOptional().describe('Network interface kube-vip binds to. Default: it finds one.'),
  sshAuthorizedKeys: z
    .array(line().describe('A public key.'))
    .default([])
    .describe('Public SSH keys that may log in as user capv. Default: none.'),
});

export type AwsSpec = z.output<typeof aws>;
export type DevSpec = z.output<typeof dev>;
export type OpenStackSpec = z.output<typeof openstack>;
export type VSphereSpec = z.output<typeof vsphere>;
