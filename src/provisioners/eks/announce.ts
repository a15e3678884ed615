/** What modules/aws-eks will create, by type, before its network is known. Must say exactly what the first plan will say. */
import type { ResolvedEks, ResolvedFirewallRule } from '../../config/resolved-eks.ts';

/** Resources of a cluster that is not there yet; types that it does not need are absent. */
export function announceCluster(eks: ResolvedEks): Readonly<Record<string, number>> {
  const counts = { ...announceControlPlane(eks), ...announceAccess(eks), ...announcePools(eks), ...announceShared(eks) };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

const unique = (values: readonly string[]): number => new Set(values).size;
const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);

function announceControlPlane({ logs, secretsEncryption, irsa, addons, nodePools }: ResolvedEks): Record<string, number> {
  const ownKey = Number(secretsEncryption.enabled && secretsEncryption.kmsKeyArn === undefined);
  const early = [addons.vpcCni, addons.kubeProxy, addons.podIdentityAgent];
  const late = nodePools.length > 0 ? [addons.coreDns, addons.ebsCsiDriver] : [];
  return {
    aws_eks_cluster: 1,
    aws_cloudwatch_log_group: Number(logs.types.length > 0),
    aws_iam_role_policy: Number(logs.types.length > 0),
    aws_kms_key: ownKey,
    aws_kms_alias: ownKey,
    aws_iam_openid_connect_provider: Number(irsa),
    aws_eks_addon: [...early, ...late].filter(({ enabled }) => enabled).length,
  };
}

function announceAccess({ accessEntries, podIdentities }: ResolvedEks): Record<string, number> {
  return {
    aws_eks_access_entry: unique(accessEntries.map(({ principalArn }) => principalArn)),
    aws_eks_access_policy_association: unique(
      accessEntries.flatMap((entry) => entry.policies.map(({ name }) => `${entry.principalArn} ${name}`)),
    ),
    aws_eks_pod_identity_association: unique(podIdentities.map(({ namespace, serviceAccount }) => `${namespace}/${serviceAccount}`)),
  };
}

function announcePools({ nodePools, sshPublicKey }: ResolvedEks): Record<string, number> {
  return {
    aws_key_pair: Number(sshPublicKey !== undefined),
    aws_launch_template: nodePools.length,
    aws_eks_node_group: nodePools.length,
    aws_autoscaling_attachment: sum(nodePools.map(({ targetGroupArns }) => targetGroupArns.length)),
  };
}

/** Types that control plane and pools both have some of. */
function announceShared({ nodePools, dmzCidrs, sshPublicKey, addons: { ebsCsiDriver } }: ResolvedEks): Record<string, number> {
  const ebsRole = Number(nodePools.length > 0 && ebsCsiDriver.enabled && ebsCsiDriver.serviceAccountRoleArn === undefined);
  const rules = nodePools.flatMap(({ firewallRules }) => firewallRules);
  const ingress = sum(rules.filter(({ direction }) => direction === 'ingress').map(peers));
  return {
    aws_iam_role: 2 + ebsRole,
    aws_iam_role_policy_attachment: 5 + ebsRole,
    aws_security_group: 2 + nodePools.filter(({ firewallRules }) => firewallRules.length > 0).length,
    aws_vpc_security_group_ingress_rule: unique(dmzCidrs) * (sshPublicKey === undefined ? 1 : 2) + ingress,
    aws_vpc_security_group_egress_rule: sum(rules.filter(({ direction }) => direction === 'egress').map(peers)),
  };
}

/** AWS has one rule for each peer. */
const peers = ({ cidrBlocks }: ResolvedFirewallRule): number => Math.max(1, unique(cidrBlocks));
