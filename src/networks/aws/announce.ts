/** What modules/aws-vpn will create, by type, before its network is known. Must say exactly what the first plan will say. */
import type { ResolvedVpn } from '../../config/resolved-network.ts';

/** Resources of VPN hosts that are not there yet; types that they do not need are absent. */
export function announceVpn({ instances, clientSourceCidrs, operatorCidrs }: ResolvedVpn): Readonly<Record<string, number>> {
  const ingress = new Set(clientSourceCidrs).size + new Set(operatorCidrs).size;
  return {
    aws_autoscaling_group: instances,
    aws_eip: instances,
    aws_iam_instance_profile: 1,
    aws_iam_role: 1,
    aws_iam_role_policy: 1,
    aws_launch_template: instances,
    aws_security_group: 1,
    aws_vpc_security_group_egress_rule: 1,
    ...(ingress > 0 && { aws_vpc_security_group_ingress_rule: ingress }),
  };
}
