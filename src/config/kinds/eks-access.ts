/** Who may use an EKS cluster, and the way to its private API. Shapes only. */
import * as z from 'zod';
import { duration, label, line, secret, SECRET_NOTE, value, valueList } from './vocabulary.ts';

// arn:partition:iam::account:user|role/path
const PRINCIPAL_ARN = /^arn:aws[a-z-]*:iam::[0-9]{12}:(?:user|role)\/[\w+=,.@/-]+$/;
const principal = (what: string) =>
  z.string().regex(PRINCIPAL_ARN, { error: `must be the ARN of ${what}, such as arn:aws:iam::111122223333:role/developers` });

const policy = z.strictObject({
  name: z
    .string()
    .regex(/^(?:arn:aws[a-z-]*:eks::aws:cluster-access-policy\/)?AmazonEKS[A-Za-z]+Policy$/, {
      error: 'must be an access policy of EKS, such as AmazonEKSViewPolicy',
    })
    .describe('Access policy of EKS.')
    .meta({ examples: ['AmazonEKSClusterAdminPolicy'] }),
  namespaces: z
    .array(label().describe('Name of a namespace.'))
    .default([])
    .describe('Namespaces it holds for. Default: the whole cluster.'),
});

export const accessEntry = z.strictObject({
  principalArn: principal('a user or role')
    .describe('User or role of IAM.')
    .meta({ examples: ['arn:aws:iam::111122223333:role/developers'] }),
  username: line().exactOptional().describe('User name in Kubernetes. Default: EKS makes it from the ARN.'),
  groups: z.array(line().describe('Name of a group in Kubernetes.')).default([]).describe('Groups in Kubernetes. Default: none.'),
  policies: z.array(policy).default([]).describe('Access policies of EKS. Default: none.'),
});

const legacyUser = z.strictObject({
  userArn: principal('a user')
    .describe('User of IAM.')
    .meta({ examples: ['arn:aws:iam::111122223333:user/jane'] }),
  username: line()
    .describe('User name in Kubernetes.')
    .meta({ examples: ['jane'] }),
  groups: z
    .array(line().describe('Name of a group in Kubernetes.'))
    .default([])
    .describe('Groups in Kubernetes. Default: none.')
    .meta({ examples: [['system:masters']] }),
});

const legacyRole = z.strictObject({
  roleArn: principal('a role')
    .describe('Role of IAM.')
    .meta({ examples: ['arn:aws:iam::111122223333:role/ci'] }),
  username: line()
    .describe('User name in Kubernetes.')
    .meta({ examples: ['ci'] }),
  groups: z
    .array(line().describe('Name of a group in Kubernetes.'))
    .default([])
    .describe('Groups in Kubernetes. Default: none.')
    .meta({ examples: [['system:masters']] }),
});

export const awsAuth = z.strictObject({
  users: z.array(legacyUser).default([]).describe('Users. Default: none.'),
  roles: z.array(legacyRole).default([]).describe('Roles. Default: none.'),
  accounts: z
    .array(
      z
        .string()
        .regex(/^[0-9]{12}$/, { error: 'must be the 12 digits of an account, in quotes' })
        .describe('Account, in quotes.'),
    )
    .default([])
    .describe('Accounts all of whose users may come. Default: none.'),
});

export const endpointAccess = z.strictObject({
  private: z.boolean().default(true).describe('Whether the API is reached from inside the network. Default: true.'),
  public: z.boolean().default(false).describe('Whether the API is reached from the internet. Default: false.'),
  publicCidrs: z
    .array(
      line()
        .describe('One range of addresses.')
        .meta({ examples: ['203.0.113.0/24'] }),
    )
    .default([])
    .describe('Addresses that reach the public API; must be given with public: true. Default: none.'),
});

export const access = z.strictObject({
  bastion: z
    .string()
    .regex(/^ssh:\/\/(?:[a-z_][a-z0-9_-]{0,31}@)?[A-Za-z0-9.:[\]-]+(?::[0-9]{1,5})?\/?$/, {
      error: 'must be an ssh:// URL without path, such as ssh://jane@203.0.113.10:22',
    })
    .exactOptional()
    .describe(
      'A host that reaches the private API: `ssh://USER@HOST:PORT`. Slipway opens a tunnel through it for the time of a run. Default: the API is reached directly, through a VPN for example.',
    )
    .meta({ examples: ['ssh://jane@203.0.113.10'] }),
  identity: secret()
    .exactOptional()
    .describe(`Private key for the bastion. ${SECRET_NOTE} Default: what ssh itself finds (agent, ~/.ssh).`),
  knownHosts: line()
    .exactOptional()
    .describe(
      'File with the host keys of the bastion, relative to the folder of this YAML file. Default: that of ssh; an unknown host is refused.',
    )
    .meta({ examples: ['./known_hosts'] }),
  wait: duration()
    .default('0s')
    .describe(
      'How long `up` waits for the operator to bring up the way to a private API, before it stops with exit 75; with 0s it stops at once. Default: 0s.',
    )
    .meta({ examples: ['10m'] }),
});

export const eksNetwork = z.strictObject({
  vpcId: value().describe('Id of the VPC: text, or {output: Network/NAME.vpcId}.'),
  subnetIds: valueList('Id of a subnet.').describe(
    'Private subnets of the cluster, in two zones at least: a list, or {output: Network/NAME.privateSubnetIds}.',
  ),
});
