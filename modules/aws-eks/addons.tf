# Add-ons of EKS. What nodes need to become ready comes before them; what needs a node to run on comes after.

locals {
  before_nodes = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]
  early_addons = { for name, addon in var.addons : name => addon if contains(local.before_nodes, name) }
  late_addons  = { for name, addon in var.addons : name => addon if !contains(local.before_nodes, name) && length(var.node_pools) > 0 }

  addon_versions = {
    for name, addon in var.addons : name => addon.version == null ? data.aws_eks_addon_version.default[name].version : addon.version
  }

  # The role made here: only for the EBS driver, and only when it names none.
  ebs_role = contains(keys(local.late_addons), "aws-ebs-csi-driver") ? var.addons["aws-ebs-csi-driver"].role_arn == null : false
}

data "aws_eks_addon_version" "default" {
  for_each = toset([for name, addon in var.addons : name if addon.version == null])

  addon_name         = each.key
  kubernetes_version = var.kubernetes_version
}

resource "aws_eks_addon" "early" {
  for_each = local.early_addons

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = local.addon_versions[each.key]
  configuration_values        = each.value.configuration
  service_account_role_arn    = each.value.role_arn
  resolve_conflicts_on_create = each.value.resolve_conflicts == "PRESERVE" ? "NONE" : each.value.resolve_conflicts
  resolve_conflicts_on_update = each.value.resolve_conflicts
  preserve                    = each.value.preserve
  tags                        = var.tags
}

resource "aws_eks_addon" "late" {
  for_each = local.late_addons

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.key
  addon_version               = local.addon_versions[each.key]
  configuration_values        = each.value.configuration
  service_account_role_arn    = each.value.role_arn
  resolve_conflicts_on_create = each.value.resolve_conflicts == "PRESERVE" ? "NONE" : each.value.resolve_conflicts
  resolve_conflicts_on_update = each.value.resolve_conflicts
  preserve                    = each.value.preserve
  tags                        = var.tags

  dynamic "pod_identity_association" {
    for_each = each.key == "aws-ebs-csi-driver" ? aws_iam_role.ebs[*].arn : []

    content {
      role_arn        = pod_identity_association.value
      service_account = "ebs-csi-controller-sa"
    }
  }

  depends_on = [aws_eks_node_group.pool, aws_eks_addon.early, aws_iam_role_policy_attachment.ebs]
}

resource "aws_iam_role" "ebs" {
  count = local.ebs_role ? 1 : 0

  name                 = "${local.iam_name}-ebs"
  description          = "EBS CSI driver of the EKS cluster ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "pods.eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
}

resource "aws_iam_role_policy_attachment" "ebs" {
  count = local.ebs_role ? 1 : 0

  role       = aws_iam_role.ebs[0].name
  policy_arn = "${local.arn_prefix}:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"
}
