# An EKS cluster's control plane: who it is, who reaches it, what it logs and encrypts. Pools of nodes stand in node-pools.tf,
# who may use it in access.tf, what runs on every cluster in addons.tf.

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  arn_prefix = "arn:${data.aws_partition.current.partition}"

  # IAM knows no regions: two clusters of one name in two regions must not meet there.
  iam_name = length(var.name) <= 38 ? "${var.name}-${var.region}" : "${substr(var.name, 0, 29)}-${substr(sha256(var.name), 0, 8)}-${var.region}"

  secrets_key_arn = !var.secrets_encryption.enabled ? null : coalesce(var.secrets_encryption.kms_key_arn, one(aws_kms_key.secrets[*].arn))
}

resource "aws_iam_role" "cluster" {
  name                 = "${local.iam_name}-cluster"
  description          = "Control plane of the EKS cluster ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "eks.amazonaws.com" }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  for_each = toset(["AmazonEKSClusterPolicy", "AmazonEKSVPCResourceController"])

  role       = aws_iam_role.cluster.name
  policy_arn = "${local.arn_prefix}:iam::aws:policy/${each.key}"
}

# A control plane that is going still writes, and would make the log group again after it is gone.
resource "aws_iam_role_policy" "cluster_logs" {
  # By the variable: an import into an empty state knows no resource.
  count = length(var.log_types) > 0 ? 1 : 0

  name = "no-log-group-of-its-own"
  role = aws_iam_role.cluster.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Deny"
      Action   = "logs:CreateLogGroup"
      Resource = "*"
    }]
  })
}

# EKS lets in its own nodes; this lets in the operators.
resource "aws_security_group" "api" {
  name        = "${var.name}-api"
  description = "API of the EKS cluster ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-api" })
}

resource "aws_vpc_security_group_ingress_rule" "api" {
  for_each = var.dmz_cidrs

  security_group_id = aws_security_group.api.id
  description       = "Kubernetes API"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = var.tags
}

# Made before the cluster, which else makes one that is never cleared.
resource "aws_cloudwatch_log_group" "control_plane" {
  count = length(var.log_types) > 0 ? 1 : 0

  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_kms_key_arn
  tags              = var.tags
}

resource "aws_kms_key" "secrets" {
  count = var.secrets_encryption.enabled && var.secrets_encryption.kms_key_arn == null ? 1 : 0

  description             = "Secrets of the EKS cluster ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = var.secrets_encryption.deletion_window_in_days
  tags                    = merge(var.tags, { Name = "${var.name}-secrets" })
}

resource "aws_kms_alias" "secrets" {
  count = var.secrets_encryption.enabled && var.secrets_encryption.kms_key_arn == null ? 1 : 0

  name          = "alias/${var.name}-eks-secrets"
  target_key_id = aws_kms_key.secrets[0].key_id
}

resource "aws_eks_cluster" "this" {
  name                          = var.name
  role_arn                      = aws_iam_role.cluster.arn
  version                       = var.kubernetes_version
  enabled_cluster_log_types     = var.log_types
  bootstrap_self_managed_addons = false
  deletion_protection           = var.deletion_protection
  tags                          = var.tags

  vpc_config {
    subnet_ids              = var.subnet_ids
    security_group_ids      = [aws_security_group.api.id]
    endpoint_private_access = var.endpoint_private_access
    endpoint_public_access  = var.endpoint_public_access
    public_access_cidrs     = var.endpoint_public_access ? var.public_access_cidrs : null
  }

  access_config {
    authentication_mode                         = var.authentication_mode
    bootstrap_cluster_creator_admin_permissions = var.creator_is_admin
  }

  upgrade_policy {
    support_type = var.support_type
  }

  dynamic "kubernetes_network_config" {
    for_each = var.service_cidr == null ? [] : [var.service_cidr]

    content {
      service_ipv4_cidr = kubernetes_network_config.value
    }
  }

  dynamic "encryption_config" {
    for_each = var.secrets_encryption.enabled ? [local.secrets_key_arn] : []

    content {
      resources = ["secrets"]

      provider {
        key_arn = encryption_config.value
      }
    }
  }

  timeouts {
    create = "60m"
    update = "90m"
    delete = "30m"
  }

  lifecycle {
    # EKS never tells these two, which only matter at creation: a cluster that was imported would be replaced for them.
    ignore_changes = [bootstrap_self_managed_addons, access_config[0].bootstrap_cluster_creator_admin_permissions]

    precondition {
      condition     = data.aws_region.current.region == var.region
      error_message = "The provider works in ${data.aws_region.current.region}, and the cluster is to stand in ${var.region}: set AWS_REGION, or the provider's region."
    }
  }

  # Without its permissions the cluster can neither be made nor give back its interfaces when it goes.
  depends_on = [
    aws_iam_role_policy_attachment.cluster,
    aws_iam_role_policy.cluster_logs,
    aws_cloudwatch_log_group.control_plane,
    aws_vpc_security_group_ingress_rule.api,
  ]
}

resource "aws_iam_openid_connect_provider" "this" {
  count = var.irsa ? 1 : 0

  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]
  tags           = merge(var.tags, { Name = var.name })
}
