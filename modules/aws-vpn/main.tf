# VPN hosts that come back by themselves: an auto-scaling group of one for each, and an address that stays. A new host takes its identity
# from the bucket and its address by its own role; nothing on it is worth keeping.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  host_names = [for i in range(var.hosts) : "${var.name}-${i}"]
  arn_prefix = "arn:${data.aws_partition.current.partition}"

  # Zones are dealt out like cards, so that hosts never share one unless there are more hosts than zones.
  subnets_of_host = {
    for i, host in local.host_names : host => (
      var.hosts >= length(var.public_subnet_ids)
      ? [var.public_subnet_ids[i % length(var.public_subnet_ids)]]
      : [for j, subnet in var.public_subnet_ids : subnet if j % var.hosts == i]
    )
  }

  ec2_arn = "${local.arn_prefix}:ec2:${var.region}:${data.aws_caller_identity.current.account_id}"

  # What a host may take its address for: instances and interfaces with this tag.
  mark = { "slipway-vpn" = var.name }
}

resource "aws_eip" "host" {
  for_each = toset(local.host_names)

  # Free until a host takes it at its boot.
  domain = "vpc"
  tags   = merge(var.tags, local.mark, { Name = each.key })
}

resource "aws_security_group" "host" {
  name        = var.name
  description = "VPN hosts"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = var.name })
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.client_source_cidrs

  security_group_id = aws_security_group.host.id
  description       = "VPN clients"
  ip_protocol       = var.protocol
  from_port         = var.port
  to_port           = var.port
  cidr_ipv4         = each.value
  tags              = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "operators" {
  for_each = var.operator_cidrs

  security_group_id = aws_security_group.host.id
  description       = "SSH of operators"
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_ipv4         = each.value
  tags              = var.tags
}

resource "aws_vpc_security_group_egress_rule" "all" {
  security_group_id = aws_security_group.host.id
  description       = "Everywhere"
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
  tags              = var.tags
}

resource "aws_launch_template" "host" {
  for_each = toset(local.host_names)

  name          = each.key
  description   = "VPN host ${each.key}"
  image_id      = var.image_id == null ? "resolve:ssm:${var.image_parameter}" : var.image_id
  instance_type = var.instance_type
  user_data = base64encode(
    replace(replace(replace(replace(var.user_data,
      "@@BUCKET@@", var.identity.bucket),
      "@@REGION@@", var.region),
      "@@HOST@@", each.key),
    "@@ALLOCATION_ID@@", aws_eip.host[each.key].allocation_id)
  )
  update_default_version = true
  tags                   = merge(var.tags, { Name = each.key })

  iam_instance_profile {
    arn = aws_iam_instance_profile.host.arn
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  network_interfaces {
    device_index                = 0
    associate_public_ip_address = true
    delete_on_termination       = true
    security_groups             = [aws_security_group.host.id]
  }

  block_device_mappings {
    device_name = var.root_device_name

    ebs {
      volume_size           = var.disk_size
      volume_type           = "gp3"
      encrypted             = true
      kms_key_id            = var.disk_kms_key_arn
      delete_on_termination = true
    }
  }

  dynamic "tag_specifications" {
    for_each = ["instance", "network-interface", "volume"]

    content {
      resource_type = tag_specifications.value
      tags          = merge(var.tags, local.mark, { Name = each.key })
    }
  }
}

resource "aws_autoscaling_group" "host" {
  for_each = toset(local.host_names)

  name                = each.key
  min_size            = 1
  max_size            = 1
  desired_capacity    = 1
  vpc_zone_identifier = local.subnets_of_host[each.key]

  # EC2's own checks: a host that is gone or does not answer its hypervisor is replaced; what runs on it is systemd's affair.
  health_check_type         = "EC2"
  health_check_grace_period = 300
  default_instance_warmup   = 120
  suspended_processes       = ["AZRebalance"]
  wait_for_capacity_timeout = "10m"

  launch_template {
    id      = aws_launch_template.host[each.key].id
    version = aws_launch_template.host[each.key].latest_version
  }

  # The next host is up before the old one goes; it takes the address over.
  instance_maintenance_policy {
    min_healthy_percentage = 100
    max_healthy_percentage = 200
  }

  instance_refresh {
    strategy = "Rolling"

    preferences {
      min_healthy_percentage = 100
      max_healthy_percentage = 200
    }
  }

  dynamic "tag" {
    for_each = merge(var.tags, local.mark, { Name = each.key })

    content {
      key                 = tag.key
      value               = tag.value
      propagate_at_launch = true
    }
  }

  lifecycle {
    precondition {
      condition     = data.aws_region.current.region == var.region
      error_message = "The provider works in ${data.aws_region.current.region}, and the hosts are to stand in ${var.region}: set AWS_REGION, or the provider's region."
    }
  }

  # A host must not boot before it may read its identity and reach the bucket.
  depends_on = [aws_iam_role_policy.host, aws_vpc_security_group_egress_rule.all]
}
