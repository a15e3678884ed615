# Pools of nodes: managed node groups, each with a launch template of its own. Their order in an upgrade is EKS's: the control plane
# first, then each pool node by node, by way of its version, which follows the cluster's.

locals {
  bottlerocket = { for name, pool in var.node_pools : name => startswith(pool.ami_type, "BOTTLEROCKET") }

  # A node group cannot change any of these. They are in its name, so that the next one can be made before the old one is drained.
  pool_digests = {
    for name, pool in var.node_pools : name => substr(sha256(jsonencode([
      pool.image_id == null ? pool.ami_type : "CUSTOM",
      pool.capacity,
      pool.instance_types,
      length(pool.subnet_ids) > 0 ? pool.subnet_ids : var.subnet_ids,
    ])), 0, 8)
  }

  # How many nodes each pool has now, whoever decided so; empty for a pool that is not there yet. A pool that is replaced hands its size on.
  nodes_now = {
    for name in keys(var.node_pools) : name => [
      for group in data.aws_autoscaling_group.pool : group.desired_capacity
      if anytrue([for tag in group.tag : tag.key == "eks:nodegroup-name" && can(regex("^${name}-[0-9a-f]{8}$", tag.value))])
    ]
  }

  # Kept within the bounds of today: EKS refuses a least number above the desired one, so a raised min_size must take it along.
  desired_sizes = {
    for name, pool in var.node_pools : name => (
      length(local.nodes_now[name]) == 0
      ? coalesce(pool.desired_size, pool.min_size)
      : min(pool.max_size, max(concat([pool.min_size], local.nodes_now[name])...))
    )
  }

  pool_labels = {
    for name, pool in var.node_pools : name => merge({ "slipway.dev/node-pool" = name }, pool.labels)
  }

  pool_rules = merge([
    for name, pool in var.node_pools : merge([
      for key, rule in pool.firewall_rules : {
        for i, range in length(rule.cidrs) > 0 ? sort(rule.cidrs) : [""] : join("/", compact([name, key, range])) => merge(rule, {
          pool = name
          name = key
          cidr = range == "" ? null : range
        })
      }
    ]...)
  ]...)

  pool_target_groups = merge([
    for name, pool in var.node_pools : { for i, arn in pool.target_group_arns : "${name}/${i}" => { pool = name, arn = arn } }
  ]...)
}

data "aws_autoscaling_groups" "pools" {
  filter {
    name   = "tag:eks:cluster-name"
    values = [var.name]
  }
}

data "aws_autoscaling_group" "pool" {
  for_each = toset(data.aws_autoscaling_groups.pools.names)

  name = each.key
}

resource "aws_iam_role" "node" {
  name                 = "${local.iam_name}-node"
  description          = "Nodes of the EKS cluster ${var.name}"
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each = merge(
    { for policy in ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly", "AmazonEKS_CNI_Policy"] : policy => "${local.arn_prefix}:iam::aws:policy/${policy}" },
    var.node_role_policy_arns,
  )

  role       = aws_iam_role.node.name
  policy_arn = each.value
}

resource "aws_key_pair" "node" {
  count = var.ssh_public_key == null ? 0 : 1

  key_name   = "${var.name}-nodes"
  public_key = trimspace(var.ssh_public_key)
  tags       = var.tags
}

resource "aws_security_group" "node" {
  name        = "${var.name}-node"
  description = "Nodes of the EKS cluster ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = "${var.name}-node" })
}

resource "aws_vpc_security_group_ingress_rule" "node_ssh" {
  for_each = var.ssh_public_key == null ? [] : var.dmz_cidrs

  security_group_id = aws_security_group.node.id
  description       = "SSH of operators"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = each.value
  tags              = var.tags
}

resource "aws_security_group" "pool" {
  for_each = { for name, pool in var.node_pools : name => pool if length(pool.firewall_rules) > 0 }

  name        = "${var.name}-${each.key}-pool"
  description = "Node pool ${each.key} of the EKS cluster ${var.name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, each.value.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_vpc_security_group_ingress_rule" "pool" {
  for_each = { for key, rule in local.pool_rules : key => rule if rule.direction == "ingress" }

  security_group_id            = aws_security_group.pool[each.value.pool].id
  description                  = each.value.name
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.self ? aws_security_group.pool[each.value.pool].id : each.value.source_security_group_id
  tags                         = merge(var.tags, each.value.tags)
}

resource "aws_vpc_security_group_egress_rule" "pool" {
  for_each = { for key, rule in local.pool_rules : key => rule if rule.direction == "egress" }

  security_group_id            = aws_security_group.pool[each.value.pool].id
  description                  = each.value.name
  ip_protocol                  = each.value.protocol
  from_port                    = each.value.from
  to_port                      = each.value.to
  cidr_ipv4                    = each.value.cidr
  referenced_security_group_id = each.value.self ? aws_security_group.pool[each.value.pool].id : each.value.source_security_group_id
  tags                         = merge(var.tags, each.value.tags)
}

resource "aws_launch_template" "pool" {
  for_each = var.node_pools

  name                   = "${var.name}-${each.key}"
  description            = "Node pool ${each.key} of the EKS cluster ${var.name}"
  image_id               = each.value.image_id
  key_name               = one(aws_key_pair.node[*].key_name)
  user_data              = local.user_data[each.key] == null ? null : base64encode(local.user_data[each.key])
  update_default_version = true
  tags                   = merge(var.tags, each.value.tags, { Name = "${var.name}-${each.key}" })

  vpc_security_group_ids = concat(
    [aws_eks_cluster.this.vpc_config[0].cluster_security_group_id, aws_security_group.node.id],
    length(each.value.firewall_rules) > 0 ? [aws_security_group.pool[each.key].id] : [],
    each.value.security_group_ids,
  )

  metadata_options {
    http_endpoint               = each.value.metadata_endpoint
    http_tokens                 = each.value.metadata_tokens
    http_put_response_hop_limit = each.value.metadata_hop_limit
  }

  monitoring {
    enabled = each.value.monitoring
  }

  # Bottlerocket keeps its system on xvda and everything else on xvdb.
  block_device_mappings {
    device_name = local.bottlerocket[each.key] ? "/dev/xvdb" : "/dev/xvda"

    ebs {
      volume_size           = each.value.volume_size
      volume_type           = each.value.volume_type
      iops                  = each.value.volume_iops
      throughput            = each.value.volume_throughput
      encrypted             = true
      kms_key_id            = each.value.volume_kms_key_arn
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "network-interface", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = merge(var.tags, each.value.tags, { Name = "${var.name}-${each.key}" })
    }
  }
}

resource "aws_eks_node_group" "pool" {
  for_each = var.node_pools

  cluster_name         = aws_eks_cluster.this.name
  node_group_name      = "${each.key}-${local.pool_digests[each.key]}"
  node_role_arn        = aws_iam_role.node.arn
  subnet_ids           = length(each.value.subnet_ids) > 0 ? each.value.subnet_ids : var.subnet_ids
  version              = each.value.image_id == null ? coalesce(each.value.kubernetes_version, aws_eks_cluster.this.version) : null
  release_version      = each.value.release_version
  ami_type             = each.value.image_id == null ? each.value.ami_type : null
  capacity_type        = each.value.capacity
  instance_types       = each.value.instance_types
  labels               = local.pool_labels[each.key]
  force_update_version = each.value.force_update
  tags                 = merge(var.tags, each.value.tags, { "slipway.dev/node-pool" = each.key })

  scaling_config {
    min_size     = each.value.min_size
    max_size     = each.value.max_size
    desired_size = local.desired_sizes[each.key]
  }

  update_config {
    max_unavailable            = each.value.max_unavailable_pct == null ? coalesce(each.value.max_unavailable, 1) : null
    max_unavailable_percentage = each.value.max_unavailable_pct
  }

  launch_template {
    id      = aws_launch_template.pool[each.key].id
    version = aws_launch_template.pool[each.key].latest_version
  }

  dynamic "taint" {
    for_each = each.value.taints

    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = taint.value.effect
    }
  }

  timeouts {
    create = "60m"
    update = "120m"
    delete = "60m"
  }

  lifecycle {
    create_before_destroy = true
  }

  # A node without its permissions, its network add-on or its way out never becomes ready.
  depends_on = [
    aws_iam_role_policy_attachment.node,
    aws_eks_addon.early,
    aws_vpc_security_group_egress_rule.pool,
    aws_vpc_security_group_ingress_rule.pool,
    aws_vpc_security_group_ingress_rule.node_ssh,
  ]
}

resource "aws_autoscaling_attachment" "pool" {
  for_each = local.pool_target_groups

  autoscaling_group_name = aws_eks_node_group.pool[each.value.pool].resources[0].autoscaling_groups[0].name
  lb_target_group_arn    = each.value.arn
}
