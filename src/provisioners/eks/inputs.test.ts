import { describe, expect, it } from 'vitest';
import { loadProject } from '../../config/load.ts';
import { hostWith } from '../../config/memory-host.ts';
import type { ResolvedEks } from '../../config/resolved-eks.ts';
import type { EksCluster } from '../../config/resolved.ts';
import { announceCluster } from './announce.ts';
import { clusterVariables } from './inputs.ts';
import { readEksOutputs } from './outputs.ts';

async function eksOf(...fields: readonly string[]): Promise<ResolvedEks> {
  const head = ['apiVersion: slipway.dev/v1alpha1', 'kind: Cluster', 'metadata: {name: demo}', 'spec:', '  provisioner: eks', '  eks:'];
  const base = ['region: eu-central-1', 'version: "1.34"', 'network: {vpcId: vpc-0123, subnetIds: [subnet-0a, subnet-0b]}'];
  const text = [...head, ...[...base, ...fields].map((field) => `    ${field}`), ''].join('\n');
  const { clusters } = await loadProject(hostWith(text), '.');
  return (clusters[0] as EksCluster).eks;
}

const place = { name: 'demo', vpcId: 'vpc-0123', subnetIds: ['subnet-0a', 'subnet-0b'], poolSubnetIds: {}, tags: { team: 'platform' } };
const variablesOf = async (...fields: readonly string[]) => clusterVariables(await eksOf(...fields), place);
const poolOf = async (...fields: readonly string[]) =>
  ((await variablesOf(`nodePools: {infra: {${fields.join(', ')}}}`))['node_pools'] as Record<string, unknown>)['infra'];

describe('clusterVariables', () => {
  it('makes a private, encrypted, logged cluster of what says nothing else', async () => {
    expect(await variablesOf()).toMatchObject({
      name: 'demo',
      region: 'eu-central-1',
      kubernetes_version: '1.34',
      vpc_id: 'vpc-0123',
      subnet_ids: ['subnet-0a', 'subnet-0b'],
      endpoint_private_access: true,
      endpoint_public_access: false,
      public_access_cidrs: [],
      authentication_mode: 'API',
      log_retention_days: 90,
      secrets_encryption: { enabled: true, kms_key_arn: null },
      irsa: true,
      node_pools: {},
      tags: { team: 'platform' },
    });
  });

  it('reads aws-auth when there are users of the older sort', async () => {
    const variables = await variablesOf(
      'awsAuth: {users: [{userArn: "arn:aws:iam::111122223333:user/jane", username: jane, groups: [system:masters]}]}',
    );
    expect(variables['authentication_mode']).toBe('API_AND_CONFIG_MAP');
  });

  it('knows access entries by their principal and policies by their name', async () => {
    const arn = 'arn:aws:iam::111122223333:role/developers';
    const variables = await variablesOf(
      `accessEntries: [{principalArn: "${arn}", groups: [viewers], policies: [{name: AmazonEKSViewPolicy, namespaces: [apps]}]}]`,
    );
    expect(variables['access_entries']).toEqual({
      [arn]: {
        principal_arn: arn,
        username: null,
        kubernetes_groups: ['viewers'],
        policies: { AmazonEKSViewPolicy: { policy: 'AmazonEKSViewPolicy', namespaces: ['apps'] } },
      },
    });
  });

  it('says add-ons in the words of EKS, and leaves out what is off', async () => {
    const { addons } = await variablesOf(
      'addons: {vpcCni: {version: v1.20.0-eksbuild.1, configuration: {env: {WARM: "1"}}, onConflict: preserve}, kubeProxy: {enabled: false}}',
    );
    expect(Object.keys(addons as object).sort()).toEqual(['aws-ebs-csi-driver', 'coredns', 'eks-pod-identity-agent', 'vpc-cni']);
    expect(addons).toMatchObject({
      'vpc-cni': { version: 'v1.20.0-eksbuild.1', configuration: '{"env":{"WARM":"1"}}', resolve_conflicts: 'PRESERVE' },
      coredns: { version: null, configuration: null, resolve_conflicts: 'OVERWRITE' },
    });
  });

  it('opens the public API for those who are named', async () => {
    const variables = await variablesOf('endpointAccess: {public: true, publicCidrs: [203.0.113.0/24]}');
    expect(variables).toMatchObject({ endpoint_public_access: true, public_access_cidrs: ['203.0.113.0/24'] });
  });
});

describe('a node pool', () => {
  it('follows the version of the cluster unless it has its own', async () => {
    expect(await poolOf()).toMatchObject({ kubernetes_version: null });
    expect(await poolOf('version: "1.34"')).toMatchObject({ kubernetes_version: null });
    expect(await poolOf('version: "1.33"')).toMatchObject({ kubernetes_version: '1.33' });
  });

  it.each([
    ['AL2023', 't3.large', 'AL2023_x86_64_STANDARD'],
    ['AL2023', 'm8g.large', 'AL2023_ARM_64_STANDARD'],
    ['AL2023_NVIDIA', 'g6.xlarge', 'AL2023_x86_64_NVIDIA'],
    ['AL2023_NEURON', 'inf2.xlarge', 'AL2023_x86_64_NEURON'],
    ['BOTTLEROCKET', 't4g.medium', 'BOTTLEROCKET_ARM_64'],
    ['BOTTLEROCKET_FIPS', 'm7i.large', 'BOTTLEROCKET_x86_64_FIPS'],
  ])('of %s on %s has the image %s', async (family, type, image) => {
    expect(await poolOf(`amiFamily: ${family}`, `instanceTypes: [${type}]`)).toMatchObject({ ami_type: image });
  });

  it('says capacity and taints in the words of EKS', async () => {
    expect(await poolOf('capacity: spot', 'taints: [{key: a, effect: NoExecute}]')).toMatchObject({
      capacity: 'SPOT',
      taints: [{ key: 'a', value: null, effect: 'NO_EXECUTE' }],
    });
  });

  it('has ports only in rules whose protocol has them', async () => {
    const pool = await poolOf(
      'firewallRules: [{name: web, direction: ingress, ports: "80-81", cidrBlocks: [10.0.0.0/8]}, {name: any, direction: egress, protocol: all, self: true}]',
    );
    expect(pool).toMatchObject({
      firewall_rules: {
        web: { protocol: 'tcp', from: 80, to: 81 },
        any: { direction: 'egress', protocol: '-1', from: null, to: null, self: true },
      },
    });
  });

  it.each([
    ['"#!/bin/sh\\ntrue"', 'text/x-shellscript'],
    ['"#cloud-config\\n{}"', 'text/cloud-config'],
    ['"apiVersion: node.eks.aws/v1alpha1\\nkind: NodeConfig"', 'application/node.eks.aws'],
  ])('with user data %s gives a part of type %s', async (text, type) => {
    expect(await poolOf(`userData: ${text}`)).toMatchObject({ user_data: { type } });
  });

  it('stands in the subnets that were found for it', async () => {
    const eks = await eksOf('nodePools: {infra: {}}');
    const variables = clusterVariables(eks, { ...place, poolSubnetIds: { infra: ['subnet-0a'] } });
    expect(variables['node_pools']).toMatchObject({ infra: { subnet_ids: ['subnet-0a'] } });
  });
});

describe('announceCluster', () => {
  it('leaves out what a cluster without pools does not have', async () => {
    const counts = announceCluster(await eksOf());
    expect(counts).toMatchObject({ aws_eks_cluster: 1, aws_eks_addon: 3, aws_iam_role: 2 });
    expect(counts).not.toHaveProperty('aws_eks_node_group');
  });

  it('counts a rule for each peer', async () => {
    const pool =
      'web: {firewallRules: [{name: a, direction: ingress, ports: "80", cidrBlocks: [10.0.0.0/8, 172.16.0.0/12]}, {name: b, direction: ingress, protocol: all, self: true}]}';
    expect(announceCluster(await eksOf('dmzCidrs: [10.0.0.0/16]', `nodePools: {${pool}}`))).toMatchObject({
      aws_vpc_security_group_ingress_rule: 4,
      aws_security_group: 3,
      aws_eks_addon: 5,
      aws_iam_role_policy_attachment: 6,
    });
  });
});

describe('readEksOutputs', () => {
  it('refuses those of another module', () => {
    expect(() => readEksOutputs({ vpc_id: 'vpc-0123' })).toThrow('cluster_name');
  });
});
