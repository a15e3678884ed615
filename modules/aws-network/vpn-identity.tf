# Where VPN hosts find what they are: a private, versioned, encrypted bucket that outlives every host. What only operators may have (the
# key of the certificate authority) lies under a prefix of its own, encrypted with a key of its own; the hosts' role is refused by both.

locals {
  vpn_host_role_arn = var.vpn_identity == null ? "" : "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:role/${var.vpn_identity.host_role_name}"

  vpn_keys = var.vpn_identity == null ? {} : {
    hosts     = "What VPN hosts of ${var.name} may read"
    authority = "Certificate authority of the VPN of ${var.name}"
  }

  # Whoever IAM lets use the key, may.
  vpn_key_statements = {
    for use in keys(local.vpn_keys) : use => concat(
      [{
        Sid       = "Account"
        Effect    = "Allow"
        Principal = { AWS = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root" }
        Action    = "kms:*"
        Resource  = "*"
      }],
      [for refused in [use] : {
        Sid       = "NotHosts"
        Effect    = "Deny"
        Principal = { AWS = "*" }
        Action    = "kms:*"
        Resource  = "*"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.vpn_host_role_arn } }
      } if refused == "authority"],
    )
  }
}

resource "aws_kms_key" "vpn" {
  for_each = local.vpn_keys

  description             = each.value
  enable_key_rotation     = true
  deletion_window_in_days = var.vpn_identity.key_deletion_days
  tags                    = merge(var.tags, { Name = "${var.name}-vpn-${each.key}" })
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.vpn_key_statements[each.key]
  })
}

resource "aws_kms_alias" "vpn" {
  for_each = local.vpn_keys

  name          = "alias/${var.name}-vpn-${each.key}"
  target_key_id = aws_kms_key.vpn[each.key].key_id
}

resource "aws_s3_bucket" "vpn_identity" {
  count = var.vpn_identity == null ? 0 : 1

  bucket        = var.vpn_identity.bucket_name
  force_destroy = var.vpn_identity.force_destroy
  tags          = merge(var.tags, { Name = var.vpn_identity.bucket_name })
}

resource "aws_s3_bucket_ownership_controls" "vpn_identity" {
  count = var.vpn_identity == null ? 0 : 1

  bucket = aws_s3_bucket.vpn_identity[0].id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "vpn_identity" {
  count = var.vpn_identity == null ? 0 : 1

  bucket                  = aws_s3_bucket.vpn_identity[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_versioning" "vpn_identity" {
  count = var.vpn_identity == null ? 0 : 1

  bucket = aws_s3_bucket.vpn_identity[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "vpn_identity" {
  count = var.vpn_identity == null ? 0 : 1

  bucket = aws_s3_bucket.vpn_identity[0].id

  rule {
    bucket_key_enabled = true

    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.vpn["hosts"].arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "vpn_identity" {
  count = var.vpn_identity == null ? 0 : 1

  bucket = aws_s3_bucket.vpn_identity[0].id

  rule {
    id     = "old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.vpn_identity.old_version_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  depends_on = [aws_s3_bucket_versioning.vpn_identity]
}

resource "aws_s3_bucket_policy" "vpn_identity" {
  count = var.vpn_identity == null ? 0 : 1

  bucket = aws_s3_bucket.vpn_identity[0].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "OnlyTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.vpn_identity[0].arn, "${aws_s3_bucket.vpn_identity[0].arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "AuthorityNotForHosts"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = "${aws_s3_bucket.vpn_identity[0].arn}/${var.vpn_identity.authority_prefix}*"
        Condition = { ArnEquals = { "aws:PrincipalArn" = local.vpn_host_role_arn } }
      },
      {
        # Else the bucket's default key would be used, which hosts have.
        Sid       = "AuthorityWithItsKey"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.vpn_identity[0].arn}/${var.vpn_identity.authority_prefix}*"
        Condition = { StringNotEquals = { "s3:x-amz-server-side-encryption-aws-kms-key-id" = aws_kms_key.vpn["authority"].arn } }
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.vpn_identity]
}
