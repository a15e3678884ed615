/** `provisioner: eks`: a private cluster of Amazon EKS, made by OpenTofu from modules/aws-eks. What fits together is judged in rules/. */
import * as z from 'zod';
import { awsAccountFields, awsTags, roleArn } from './aws-account.ts';
import { access, accessEntry, awsAuth, eksNetwork, endpointAccess } from './eks-access.ts';
import { nodePools } from './eks-node-pools.ts';
import { gitops } from './gitops.ts';
import { hooksField } from './hooks.ts';
import { retentionDays } from './network.ts';
import { label, line, objectName } from './vocabulary.ts';
import { publicKey } from './vpn.ts';

export const LOG_TYPES = ['api', 'audit', 'authenticator', 'controllerManager', 'scheduler'] as const;
export const ADDONS = ['vpcCni', 'coreDns', 'kubeProxy', 'ebsCsiDriver', 'podIdentityAgent'] as const;

const logs = z.strictObject({
  types: z
    .array(z.enum(LOG_TYPES).describe('Component of the control plane.'))
    .default([...LOG_TYPES])
    .describe('Logs of the control plane that are kept. Default: all.'),
  retentionDays: retentionDays().default(90).describe('How long they are kept, in days; 0 for ever. Default: 90.'),
});

const secretsEncryption = z.strictObject({
  enabled: z
    .boolean()
    .default(true)
    .describe('Whether Secrets are encrypted with a key of KMS before they are stored. Cannot be taken back. Default: true.'),
  kmsKeyArn: line()
    .exactOptional()
    .describe('Key for it. Default: a key of its own, rotated each year.')
    .meta({ examples: ['arn:aws:kms:eu-central-1:111122223333:key/01234567-89ab-cdef-0123-456789abcdef'] }),
});

const addon = (enabled: boolean) =>
  z.strictObject({
    enabled: z.boolean().default(enabled).describe(`Whether EKS installs it. Default: ${enabled}.`),
    version: line()
      .exactOptional()
      .describe('Version of the add-on. Default: the one EKS recommends for the cluster’s version, looked up again when that changes.')
      .meta({ examples: ['v1.20.0-eksbuild.1'] }),
    configuration: z
      .record(z.string(), z.unknown())
      .default({})
      .describe('Its settings, as the add-on’s own schema has them. Default: none.')
      .meta({ examples: [{ env: { ENABLE_PREFIX_DELEGATION: 'true' } }] }),
    onConflict: z
      .enum(['overwrite', 'preserve', 'none'])
      .default('overwrite')
      .describe('What happens to settings that others have changed. Default: overwrite.'),
    serviceAccountRoleArn: roleArn()
      .exactOptional()
      .describe('Role of its service account. Default: one of its own, where the add-on needs one.'),
  });

const addons = z.strictObject({
  vpcCni: addon(true).prefault({}).describe('Network plugin of AWS.'),
  coreDns: addon(true).prefault({}).describe('CoreDNS.'),
  kubeProxy: addon(true).prefault({}).describe('kube-proxy.'),
  ebsCsiDriver: addon(true).prefault({}).describe('CSI driver of EBS, without which no PersistentVolume comes to be.'),
  podIdentityAgent: addon(true).prefault({}).describe('Agent that gives pods the roles of podIdentities.'),
});

const podIdentity = z.strictObject({
  namespace: label().describe('Namespace of the service account.'),
  serviceAccount: objectName().describe('Name of the service account.'),
  roleArn: roleArn().describe('Role that its pods get.'),
});

const eks = z.strictObject({
  ...awsAccountFields,
  version: z
    .string()
    .regex(/^1\.[0-9]{2}$/, { error: 'must be a minor version in quotes, such as "1.34"' })
    .describe('Version of Kubernetes, in quotes. It goes up by one minor version at a time, and never down.')
    .meta({ examples: ['1.34'] }),
  supportType: z
    .enum(['STANDARD', 'EXTENDED'])
    .default('STANDARD')
    .describe(
      'What EKS does when standard support for the version ends: upgrade by itself (STANDARD), or charge for extended support (EXTENDED). Default: STANDARD.',
    ),
  network: eksNetwork.describe('The network that the cluster stands in.'),
  serviceCidr: line()
    .exactOptional()
    .describe('Addresses of services; cannot be changed. Default: EKS chooses 10.100.0.0/16 or 172.20.0.0/16.')
    .meta({ examples: ['172.20.0.0/16'] }),
  endpointAccess: endpointAccess.prefault({}).describe('From where the API is reached. Default: from inside the network only.'),
  dmzCidrs: z
    .array(
      line()
        .describe('One range of addresses.')
        .meta({ examples: ['10.0.0.0/16'] }),
    )
    .default([])
    .describe('Ranges that may come to the private API, and to the nodes by SSH: the network itself, clients of the VPN. Default: none.'),
  sshPublicKey: publicKey()
    .exactOptional()
    .describe('Key of the nodes’ own user. Default: none; Session Manager reaches nodes without.')
    .meta({ examples: ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl jane'] }),
  nodePools,
  accessEntries: z
    .array(accessEntry)
    .default([])
    .describe('Who may use the cluster, by access entries of EKS. Whoever makes the cluster may always. Default: nobody else.'),
  awsAuth: awsAuth.exactOptional().describe('Who may use the cluster, by the older ConfigMap aws-auth. Default: no such ConfigMap.'),
  logs: logs.prefault({}).describe('Logs of the control plane in CloudWatch.'),
  secretsEncryption: secretsEncryption.prefault({}).describe('Encryption of Secrets.'),
  irsa: z.boolean().default(true).describe('Whether service accounts can have roles of IAM (an OIDC provider). Default: true.'),
  podIdentities: z.array(podIdentity).default([]).describe('Roles for service accounts by EKS Pod Identity. Default: none.'),
  addons: addons.prefault({}).describe('Add-ons that EKS installs and keeps.'),
  deletionProtection: z
    .boolean()
    .default(false)
    .describe('Whether EKS refuses to delete the cluster until this is turned off. Default: false.'),
  tags: awsTags().describe('Tags of everything that is made. Default: none but our own.'),
});

export const eksSpec = z.strictObject({
  provisioner: z.literal('eks').describe('How the cluster comes to be. eks: Amazon EKS, in a network of this project or any other.'),
  eks: eks.describe('Settings of the provisioner eks.'),
  access: access.prefault({}).describe('The way to the API of the cluster.'),
  gitops: gitops.exactOptional().describe('What Flux applies on this cluster. Default: no Flux.'),
  hooks: hooksField(),
});

export type EksClusterSpec = z.output<typeof eksSpec>;
export type EksSpec = z.output<typeof eks>;
export type AddonName = (typeof ADDONS)[number];
