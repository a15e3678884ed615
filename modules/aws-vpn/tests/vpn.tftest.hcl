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
  mock_resource "aws_eip" {
    defaults = { allocation_id = "eipalloc-0123456789abcdef0", public_ip = "203.0.113.10" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
  mock_resource "aws_iam_instance_profile" {
    defaults = { arn = "arn:aws:iam::111122223333:instance-profile/mock" }
  }
}

variables {
  name              = "main-vpn"
  region            = "eu-central-1"
  vpc_id            = "vpc-0123456789abcdef0"
  public_subnet_ids = ["subnet-a", "subnet-b", "subnet-c"]
  user_data         = "#cloud-config\n# @@BUCKET@@ @@REGION@@ @@HOST@@ @@ALLOCATION_ID@@\n"
  role_name         = "main-eu-central-1-vpn"
  identity = {
    bucket       = "main-vpn-0123"
    host_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000"
  }
  operator_cidrs = ["203.0.113.0/24"]
  tags           = { team = "platform" }
}

run "each_host_is_a_group_of_one_that_heals_itself" {
  variables {
    hosts = 2
  }

  assert {
    condition     = alltrue([for group in aws_autoscaling_group.host : group.min_size == 1 && group.max_size == 1 && group.desired_capacity == 1])
    error_message = "Each group must keep exactly one host."
  }
  assert {
    condition     = toset(keys(output.hosts)) == toset(["main-vpn-0", "main-vpn-1"]) && length(output.addresses) == 2
    error_message = "Each host must have a name and an address."
  }
  assert {
    condition     = alltrue([for group in aws_autoscaling_group.host : group.instance_maintenance_policy[0].min_healthy_percentage == 100])
    error_message = "The next host must be up before the old one goes."
  }
}

run "a_single_host_may_come_back_in_any_zone" {
  command = plan

  assert {
    condition     = aws_autoscaling_group.host["main-vpn-0"].vpc_zone_identifier == toset(["subnet-a", "subnet-b", "subnet-c"])
    error_message = "All zones must be the only host's."
  }
}

run "hosts_never_share_a_zone_when_there_are_enough" {
  command = plan

  variables {
    hosts = 2
  }

  assert {
    condition     = aws_autoscaling_group.host["main-vpn-0"].vpc_zone_identifier == toset(["subnet-a", "subnet-c"]) && aws_autoscaling_group.host["main-vpn-1"].vpc_zone_identifier == toset(["subnet-b"])
    error_message = "Zones must be dealt out."
  }
}

run "with_more_hosts_than_zones_each_has_one" {
  command = plan

  variables {
    hosts = 4
  }

  assert {
    condition     = aws_autoscaling_group.host["main-vpn-3"].vpc_zone_identifier == toset(["subnet-a"])
    error_message = "The fourth host must begin again with the first zone."
  }
}

run "metadata_wants_a_token_and_disks_are_encrypted" {
  command = plan

  assert {
    condition     = aws_launch_template.host["main-vpn-0"].metadata_options[0].http_tokens == "required" && aws_launch_template.host["main-vpn-0"].metadata_options[0].http_put_response_hop_limit == 1
    error_message = "IMDSv2 must be required, and stay on the host."
  }
  assert {
    condition     = tobool(aws_launch_template.host["main-vpn-0"].block_device_mappings[0].ebs[0].encrypted) && aws_launch_template.host["main-vpn-0"].block_device_mappings[0].ebs[0].volume_size == 50
    error_message = "The disk must be encrypted."
  }
}

run "a_newer_image_never_replaces_a_running_host" {
  command = plan

  assert {
    condition     = startswith(aws_launch_template.host["main-vpn-0"].image_id, "resolve:ssm:/aws/service/canonical/ubuntu/")
    error_message = "The image must be looked up when a host is launched, not when the plan is made."
  }
}

run "user_data_knows_bucket_region_host_and_address" {
  assert {
    condition     = base64decode(aws_launch_template.host["main-vpn-0"].user_data) == "#cloud-config\n# main-vpn-0123 eu-central-1 main-vpn-0 eipalloc-0123456789abcdef0\n"
    error_message = "Each placeholder must be put in."
  }
}

run "a_host_may_read_its_identity_and_take_its_address_and_nothing_else" {
  assert {
    condition = toset(flatten([for statement in jsondecode(aws_iam_role_policy.host.policy).Statement : statement.Action])) == toset([
      "s3:GetObject", "s3:ListBucket", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey", "ec2:AssociateAddress",
    ])
    error_message = "The role must have these permissions and no other."
  }
  assert {
    condition = !anytrue(flatten([
      for statement in jsondecode(aws_iam_role_policy.host.policy).Statement : [for resource in statement.Resource : resource == "*" || strcontains(resource, "authority")]
    ]))
    error_message = "Each permission must be bound to a resource, and none reach the authority."
  }
  assert {
    condition = anytrue([
      for statement in jsondecode(aws_iam_role_policy.host.policy).Statement :
      statement.Sid == "WriteReports" && statement.Resource == ["arn:aws:s3:::main-vpn-0123/reports/*"]
    ])
    error_message = "Reports are all that a host writes."
  }
}

run "ssh_is_let_in_from_operators_only" {
  command = plan

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.operators : rule.cidr_ipv4] == ["203.0.113.0/24"]
    error_message = "SSH must be let in from operator_cidrs alone."
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.clients : "${rule.ip_protocol} ${rule.from_port} ${rule.cidr_ipv4}"] == ["udp 1194 0.0.0.0/0"]
    error_message = "VPN clients must be let in."
  }
}

run "without_hosts_the_role_has_no_address_to_take" {
  command = plan

  variables {
    hosts = 0
  }

  assert {
    condition     = !anytrue([for statement in jsondecode(aws_iam_role_policy.host.policy).Statement : length(statement.Resource) == 0])
    error_message = "A statement must name a resource."
  }
}

run "refuses_the_port_of_ssh" {
  command = plan
  variables {
    port = 22
  }
  expect_failures = [var.port]
}

run "refuses_a_tenth_host" {
  command = plan
  variables {
    hosts = 10
  }
  expect_failures = [var.hosts]
}

run "refuses_another_protocol" {
  command = plan
  variables {
    protocol = "sctp"
  }
  expect_failures = [var.protocol]
}

run "refuses_user_data_over_16_kib" {
  command = plan
  variables {
    user_data = join("", [for i in range(1024) : "seventeen letters"])
  }
  expect_failures = [var.user_data]
}

run "refuses_a_vpc_by_name" {
  command = plan
  variables {
    vpc_id = "main"
  }
  expect_failures = [var.vpc_id]
}

run "refuses_an_image_by_name" {
  command = plan
  variables {
    image_id = "ubuntu"
  }
  expect_failures = [var.image_id]
}

run "refuses_what_is_no_range" {
  command = plan
  variables {
    operator_cidrs = ["203.0.113.7"]
  }
  expect_failures = [var.operator_cidrs]
}

run "refuses_to_act_in_another_region_than_the_providers" {
  command = plan
  override_data {
    target = data.aws_region.current
    values = { region = "us-east-1" }
  }
  expect_failures = [aws_autoscaling_group.host]
}
