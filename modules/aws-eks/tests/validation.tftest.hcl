mock_provider "aws" {
  mock_data "aws_region" {
    defaults = { region = "eu-central-1" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
  }
  mock_data "aws_eks_addon_version" {
    defaults = { version = "v1.0.0-eksbuild.1" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_launch_template" {
    defaults = { id = "lt-0123456789abcdef0", latest_version = 1 }
  }
  mock_resource "aws_eks_node_group" {
    defaults = { resources = [{ autoscaling_groups = [{ name = "eks-mock" }], remote_access_security_group_id = "" }] }
  }
  mock_resource "aws_eks_cluster" {
    defaults = {
      arn                   = "arn:aws:eks:eu-central-1:111122223333:cluster/demo"
      endpoint              = "https://0123.gr7.eu-central-1.eks.amazonaws.com"
      certificate_authority = [{ data = "Y2E=" }]
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.eu-central-1.amazonaws.com/id/0123" }] }]
    }
  }
}

variables {
  name               = "demo"
  region             = "eu-central-1"
  kubernetes_version = "1.34"
  vpc_id             = "vpc-0123456789abcdef0"
  subnet_ids         = ["subnet-a", "subnet-b"]
}

run "refuses_a_patch_version" {
  command = plan
  variables {
    kubernetes_version = "1.34.1"
  }
  expect_failures = [var.kubernetes_version]
}

run "refuses_a_version_that_yaml_read_as_a_number" {
  command = plan
  variables {
    kubernetes_version = 1.3
  }
  expect_failures = [var.kubernetes_version]
}

run "refuses_a_single_subnet" {
  command = plan
  variables {
    subnet_ids = ["subnet-a"]
  }
  expect_failures = [var.subnet_ids]
}

run "refuses_a_subnet_twice" {
  command = plan
  variables {
    subnet_ids = ["subnet-a", "subnet-a", "subnet-b"]
  }
  expect_failures = [var.subnet_ids]
}

run "refuses_services_in_too_small_a_range" {
  command = plan
  variables {
    service_cidr = "172.20.0.0/25"
  }
  expect_failures = [var.service_cidr]
}

run "refuses_an_api_that_answers_nowhere" {
  command = plan
  variables {
    endpoint_private_access = false
  }
  expect_failures = [var.endpoint_public_access]
}

run "refuses_a_public_api_that_nobody_may_reach" {
  command = plan
  variables {
    endpoint_public_access = true
  }
  expect_failures = [var.public_access_cidrs]
}

run "refuses_system_masters_as_a_group" {
  command = plan
  variables {
    access_entries = { jane = { principal_arn = "arn:aws:iam::111122223333:user/jane", kubernetes_groups = ["system:masters"] } }
  }
  expect_failures = [var.access_entries]
}

run "refuses_two_entries_of_one_principal" {
  command = plan
  variables {
    access_entries = {
      one = { principal_arn = "arn:aws:iam::111122223333:user/jane" }
      two = { principal_arn = "arn:aws:iam::111122223333:user/jane" }
    }
  }
  expect_failures = [var.access_entries]
}

run "refuses_a_policy_of_iam" {
  command = plan
  variables {
    access_entries = { jane = { principal_arn = "arn:aws:iam::111122223333:user/jane", policies = { admin = { policy = "AdministratorAccess" } } } }
  }
  expect_failures = [var.access_entries]
}

run "refuses_an_unknown_log" {
  command = plan
  variables {
    log_types = ["api", "etcd"]
  }
  expect_failures = [var.log_types]
}

run "refuses_a_retention_that_cloud_watch_does_not_know" {
  command = plan
  variables {
    log_retention_days = 31
  }
  expect_failures = [var.log_retention_days]
}

run "refuses_pod_identities_without_their_agent" {
  command = plan
  variables {
    addons         = { vpc-cni = {} }
    pod_identities = { app = { namespace = "apps", service_account = "app", role_arn = "arn:aws:iam::111122223333:role/app" } }
  }
  expect_failures = [var.pod_identities]
}

run "refuses_the_ebs_driver_without_a_way_to_its_role" {
  command = plan
  variables {
    addons = { aws-ebs-csi-driver = {} }
  }
  expect_failures = [var.addons]
}

run "refuses_an_add_on_whose_configuration_is_no_json" {
  command = plan
  variables {
    addons = { vpc-cni = { configuration = "env: {}" } }
  }
  expect_failures = [var.addons]
}

run "refuses_a_key_when_encryption_is_off" {
  command = plan
  variables {
    secrets_encryption = { enabled = false, kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/0" }
  }
  expect_failures = [var.secrets_encryption]
}

run "refuses_an_ecdsa_key_for_nodes" {
  command = plan
  variables {
    ssh_public_key = "ecdsa-sha2-nistp256 AAAA jane"
  }
  expect_failures = [var.ssh_public_key]
}

run "refuses_a_pool_newer_than_its_cluster" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 1, instance_types = ["t3.large"], kubernetes_version = "1.35" } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_pool_four_versions_behind" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 1, instance_types = ["t3.large"], kubernetes_version = "1.30" } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_pool_whose_least_is_over_its_most" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 3, max_size = 1, instance_types = ["t3.large"] } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_pool_that_begins_outside_of_its_sizes" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 2, desired_size = 3, instance_types = ["t3.large"] } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_pool_without_an_instance_type" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 2, instance_types = [] } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_an_ami_type_that_eks_has_given_up" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 2, instance_types = ["t3.large"], ami_type = "AL2_x86_64" } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_taint_in_the_words_of_kubernetes" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 2, instance_types = ["t3.large"], taints = [{ key = "a", effect = "NoSchedule" }] } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_firewall_rule_without_a_peer" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 2, instance_types = ["t3.large"], firewall_rules = { web = { from = 80, to = 80 } } } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_a_firewall_rule_without_ports" {
  command = plan
  variables {
    node_pools = { infra = { min_size = 1, max_size = 2, instance_types = ["t3.large"], firewall_rules = { web = { cidrs = ["10.0.0.0/16"] } } } }
  }
  expect_failures = [var.node_pools]
}

run "refuses_to_act_in_another_region_than_the_providers" {
  command = plan
  override_data {
    target = data.aws_region.current
    values = { region = "us-east-1" }
  }
  expect_failures = [aws_eks_cluster.this]
}
