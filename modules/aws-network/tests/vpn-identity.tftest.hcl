mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "111122223333" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::main-vpn-0123" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000" }
  }
}

variables {
  name               = "main"
  region             = "eu-central-1"
  cidr               = "10.0.0.0/16"
  availability_zones = ["eu-central-1a"]
  public_subnets     = ["10.0.128.0/20"]
  private_subnets    = ["10.0.0.0/19"]
  vpn_identity       = { bucket_name = "main-vpn-0123", host_role_name = "main-eu-central-1-vpn" }
}

run "the_bucket_is_private_versioned_and_encrypted" {
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.vpn_identity[0].block_public_acls,
      aws_s3_bucket_public_access_block.vpn_identity[0].block_public_policy,
      aws_s3_bucket_public_access_block.vpn_identity[0].ignore_public_acls,
      aws_s3_bucket_public_access_block.vpn_identity[0].restrict_public_buckets,
    ])
    error_message = "Public access must be blocked in all four ways."
  }
  assert {
    condition     = aws_s3_bucket_versioning.vpn_identity[0].versioning_configuration[0].status == "Enabled"
    error_message = "The bucket must keep versions."
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.vpn_identity[0].rule).apply_server_side_encryption_by_default[0].sse_algorithm == "aws:kms"
    error_message = "Objects must be encrypted with a key of KMS."
  }
  assert {
    condition     = !aws_s3_bucket.vpn_identity[0].force_destroy
    error_message = "A bucket with an identity in it must not be destroyed unless that is said."
  }
  assert {
    condition     = alltrue([for key in aws_kms_key.vpn : key.enable_key_rotation])
    error_message = "Keys must be rotated."
  }
}

run "nobody_speaks_to_the_bucket_without_tls" {
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.vpn_identity[0].policy).Statement :
      statement.Effect == "Deny" && statement.Principal == "*" && try(statement.Condition.Bool["aws:SecureTransport"], "") == "false"
    ])
    error_message = "The policy must refuse plain HTTP to everybody."
  }
}

run "hosts_are_refused_the_authority_by_bucket_and_by_key" {
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.vpn_identity[0].policy).Statement :
      statement.Effect == "Deny" && statement.Action == "s3:*"
      && statement.Resource == "arn:aws:s3:::main-vpn-0123/authority/*"
      && try(statement.Condition.ArnEquals["aws:PrincipalArn"], "") == "arn:aws:iam::111122223333:role/main-eu-central-1-vpn"
    ])
    error_message = "The bucket must refuse the hosts' role below authority/."
  }
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_kms_key.vpn["authority"].policy).Statement :
      statement.Effect == "Deny" && try(statement.Condition.ArnEquals["aws:PrincipalArn"], "") == "arn:aws:iam::111122223333:role/main-eu-central-1-vpn"
    ])
    error_message = "The authority's key must refuse the hosts' role."
  }
  assert {
    condition     = alltrue([for statement in jsondecode(aws_kms_key.vpn["hosts"].policy).Statement : statement.Effect == "Allow"])
    error_message = "The hosts' key must not refuse them."
  }
}

run "the_authority_is_never_written_with_the_hosts_key" {
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_s3_bucket_policy.vpn_identity[0].policy).Statement :
      statement.Effect == "Deny" && statement.Action == "s3:PutObject" && can(statement.Condition.StringNotEquals["s3:x-amz-server-side-encryption-aws-kms-key-id"])
    ])
    error_message = "The policy must refuse any other key below authority/."
  }
}

run "without_a_vpn_nothing_of_it_is_made" {
  command = plan

  variables {
    vpn_identity = null
  }

  assert {
    condition     = length(aws_s3_bucket.vpn_identity) == 0 && length(aws_kms_key.vpn) == 0 && output.vpn_identity == null
    error_message = "There must be neither bucket nor keys."
  }
}
