# What a host may do, and nothing else: read its identity, write its reports, take one of its VPN's addresses.

resource "aws_iam_role" "host" {
  name                 = var.role_name
  description          = "VPN hosts of ${var.name}"
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

resource "aws_iam_role_policy" "host" {
  name = "host"
  role = aws_iam_role.host.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "ReadIdentity"
          Effect   = "Allow"
          Action   = ["s3:GetObject"]
          Resource = ["${local.arn_prefix}:s3:::${var.identity.bucket}/${var.identity.read_prefix}*"]
        },
        {
          # Without it a missing object is answered as a refused one.
          Sid       = "ListIdentity"
          Effect    = "Allow"
          Action    = ["s3:ListBucket"]
          Resource  = ["${local.arn_prefix}:s3:::${var.identity.bucket}"]
          Condition = { StringLike = { "s3:prefix" = ["${var.identity.read_prefix}*"] } }
        },
        {
          Sid      = "WriteReports"
          Effect   = "Allow"
          Action   = ["s3:PutObject"]
          Resource = ["${local.arn_prefix}:s3:::${var.identity.bucket}/${var.identity.report_prefix}*"]
        },
        {
          Sid       = "IdentityKey"
          Effect    = "Allow"
          Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
          Resource  = [var.identity.host_key_arn]
          Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.${data.aws_partition.current.dns_suffix}" } }
        },
      ],
      # Without hosts there is no address to take, and a statement must name a resource.
      [for statement in [
        {
          Sid      = "TakeAddress"
          Effect   = "Allow"
          Action   = ["ec2:AssociateAddress"]
          Resource = [for host in local.host_names : "${local.ec2_arn}:elastic-ip/${aws_eip.host[host].allocation_id}"]
        },
        {
          Sid       = "TakeAddressForHosts"
          Effect    = "Allow"
          Action    = ["ec2:AssociateAddress"]
          Resource  = ["${local.ec2_arn}:instance/*", "${local.ec2_arn}:network-interface/*"]
          Condition = { StringEquals = { "aws:ResourceTag/slipway-vpn" = var.name } }
        },
      ] : statement if var.hosts > 0],
    )
  })
}

resource "aws_iam_instance_profile" "host" {
  name = var.role_name
  role = aws_iam_role.host.name
  tags = var.tags
}
