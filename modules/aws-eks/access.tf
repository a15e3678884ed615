# Who may use the cluster, and as what its pods may act in AWS. Nodes need no entry: EKS makes that of their role.

locals {
  access_policies = merge([
    for name, entry in var.access_entries : {
      for key, policy in entry.policies : "${name}/${key}" => {
        entry      = name
        arn        = startswith(policy.policy, "arn:") ? policy.policy : "${local.arn_prefix}:eks::aws:cluster-access-policy/${policy.policy}"
        namespaces = policy.namespaces
      }
    }
  ]...)
}

resource "aws_eks_access_entry" "this" {
  for_each = var.access_entries

  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = each.value.principal_arn
  user_name         = each.value.username
  kubernetes_groups = each.value.kubernetes_groups
  tags              = var.tags
}

resource "aws_eks_access_policy_association" "this" {
  for_each = local.access_policies

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.this[each.value.entry].principal_arn
  policy_arn    = each.value.arn

  access_scope {
    type       = length(each.value.namespaces) == 0 ? "cluster" : "namespace"
    namespaces = length(each.value.namespaces) == 0 ? null : each.value.namespaces
  }
}

resource "aws_eks_pod_identity_association" "this" {
  for_each = var.pod_identities

  cluster_name    = aws_eks_cluster.this.name
  namespace       = each.value.namespace
  service_account = each.value.service_account
  role_arn        = each.value.role_arn
  tags            = var.tags
}
