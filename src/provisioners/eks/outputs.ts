/** What modules/aws-eks gives back, checked and in our own names. */
import * as z from 'zod';
import type { Json } from '../../core/digest.ts';

const pool = z
  .object({
    node_group_name: z.string(),
    arn: z.string(),
    kubernetes_version: z.string().nullish(),
    release_version: z.string().nullish(),
    autoscaling_group_names: z.array(z.string()),
  })
  .transform((out) => ({
    nodeGroupName: out.node_group_name,
    arn: out.arn,
    version: out.kubernetes_version ?? undefined,
    releaseVersion: out.release_version ?? undefined,
    autoscalingGroupNames: out.autoscaling_group_names,
  }));

const cluster = z
  .object({
    cluster_name: z.string(),
    cluster_arn: z.string(),
    cluster_endpoint: z.string(),
    cluster_certificate_authority: z.string(),
    kubernetes_version: z.string(),
    cluster_security_group_id: z.string(),
    oidc_issuer_url: z.string(),
    oidc_provider_arn: z.string().nullish(),
    node_role_name: z.string(),
    node_role_arn: z.string(),
    node_pools: z.record(z.string(), pool),
    operator_ssh_user: z.string(),
    secrets_kms_key_arn: z.string().nullish(),
    log_group: z.string().nullish(),
  })
  .transform((out) => ({
    name: out.cluster_name,
    arn: out.cluster_arn,
    endpoint: out.cluster_endpoint,
    /** PEM in base64. */
    certificateAuthority: out.cluster_certificate_authority,
    version: out.kubernetes_version,
    securityGroupId: out.cluster_security_group_id,
    oidcIssuerUrl: out.oidc_issuer_url,
    oidcProviderArn: out.oidc_provider_arn ?? undefined,
    nodeRoleName: out.node_role_name,
    nodeRoleArn: out.node_role_arn,
    nodePools: out.node_pools,
    operatorSshUser: out.operator_ssh_user,
    secretsKmsKeyArn: out.secrets_kms_key_arn ?? undefined,
    logGroup: out.log_group ?? undefined,
  }));

export type EksOutputs = z.output<typeof cluster>;

/** Reads the outputs of modules/aws-eks. @throws ZodError when they are those of another module */
export const readEksOutputs = (outputs: Readonly<Record<string, Json>>): EksOutputs => cluster.parse(outputs);
