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
  subnet_ids         = ["subnet-a", "subnet-b", "subnet-c"]
  dmz_cidrs          = ["10.0.0.0/16"]
  tags               = { team = "platform" }
  node_pools = {
    infra = { min_size = 1, max_size = 3, instance_types = ["t3.large"] }
  }
}

run "the_api_answers_inside_the_network_only" {
  command = plan

  assert {
    condition     = aws_eks_cluster.this.vpc_config[0].endpoint_private_access && !aws_eks_cluster.this.vpc_config[0].endpoint_public_access
    error_message = "The API must be private unless it is said otherwise."
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.api : "${rule.from_port} ${rule.cidr_ipv4}"] == ["443 10.0.0.0/16"]
    error_message = "The private API must be let in from dmz_cidrs."
  }
}

run "secrets_are_encrypted_with_a_key_of_their_own" {
  assert {
    condition     = aws_eks_cluster.this.encryption_config[0].provider[0].key_arn == aws_kms_key.secrets[0].arn && aws_kms_key.secrets[0].enable_key_rotation
    error_message = "Secrets must be encrypted."
  }
}

run "a_key_of_the_callers_is_used_instead" {
  command = plan

  variables {
    secrets_encryption = { kms_key_arn = "arn:aws:kms:eu-central-1:111122223333:key/11111111-1111-1111-1111-111111111111" }
  }

  assert {
    condition     = length(aws_kms_key.secrets) == 0 && output.secrets_kms_key_arn == var.secrets_encryption.kms_key_arn
    error_message = "No key must be made."
  }
}

run "all_logs_are_kept_for_as_long_as_said" {
  command = plan

  variables {
    log_retention_days = 30
  }

  assert {
    condition     = length(aws_eks_cluster.this.enabled_cluster_log_types) == 5 && aws_cloudwatch_log_group.control_plane[0].retention_in_days == 30
    error_message = "The log group must be there before EKS makes its own."
  }
  assert {
    condition     = aws_cloudwatch_log_group.control_plane[0].name == "/aws/eks/demo/cluster"
    error_message = "The log group must have the name that EKS writes to."
  }
  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.cluster_logs[0].policy).Statement : "${statement.Effect} ${statement.Action}"] == ["Deny logs:CreateLogGroup"]
    error_message = "The control plane must not make the log group again."
  }
}

run "add_ons_come_in_the_versions_of_the_cluster" {
  assert {
    condition     = toset(keys(aws_eks_addon.early)) == toset(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"]) && toset(keys(aws_eks_addon.late)) == toset(["coredns", "aws-ebs-csi-driver"])
    error_message = "What nodes need must come before them."
  }
  assert {
    condition     = alltrue([for addon in data.aws_eks_addon_version.default : addon.kubernetes_version == "1.34"])
    error_message = "Versions must be those of the cluster's version."
  }
  assert {
    condition     = one(aws_eks_addon.late["aws-ebs-csi-driver"].pod_identity_association).role_arn == aws_iam_role.ebs[0].arn
    error_message = "The EBS driver must have its role."
  }
}

run "add_ons_that_need_nodes_wait_for_a_pool" {
  command = plan

  variables {
    node_pools = {}
  }

  assert {
    condition     = length(aws_eks_addon.late) == 0 && length(aws_iam_role.ebs) == 0 && length(aws_eks_addon.early) == 3
    error_message = "Without a node they would never become ready."
  }
}

run "an_add_on_is_left_as_it_was_asked_for" {
  command = plan

  variables {
    addons = {
      vpc-cni            = { version = "v1.20.0-eksbuild.1", configuration = "{\"env\":{\"ENABLE_PREFIX_DELEGATION\":\"true\"}}", resolve_conflicts = "PRESERVE" }
      aws-ebs-csi-driver = { role_arn = "arn:aws:iam::111122223333:role/ebs" }
    }
  }

  assert {
    condition     = aws_eks_addon.early["vpc-cni"].addon_version == "v1.20.0-eksbuild.1" && aws_eks_addon.early["vpc-cni"].resolve_conflicts_on_create == "NONE"
    error_message = "Version and conflicts must be as given."
  }
  assert {
    condition     = length(aws_iam_role.ebs) == 0 && aws_eks_addon.late["aws-ebs-csi-driver"].service_account_role_arn == "arn:aws:iam::111122223333:role/ebs"
    error_message = "The role given must be used."
  }
}

run "access_entries_carry_groups_and_policies" {
  command = plan

  variables {
    access_entries = {
      developers = {
        principal_arn     = "arn:aws:iam::111122223333:role/developers"
        kubernetes_groups = ["viewers"]
        policies = {
          view = { policy = "AmazonEKSViewPolicy", namespaces = ["apps"] }
        }
      }
      admins = {
        principal_arn = "arn:aws:iam::111122223333:role/admins"
        policies      = { admin = { policy = "AmazonEKSClusterAdminPolicy" } }
      }
    }
  }

  assert {
    condition     = aws_eks_access_policy_association.this["developers/view"].policy_arn == "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy" && aws_eks_access_policy_association.this["developers/view"].access_scope[0].type == "namespace"
    error_message = "A policy with namespaces must hold for them."
  }
  assert {
    condition     = aws_eks_access_policy_association.this["admins/admin"].access_scope[0].type == "cluster"
    error_message = "A policy without namespaces must hold for the cluster."
  }
  assert {
    condition     = aws_eks_access_entry.this["developers"].kubernetes_groups == toset(["viewers"])
    error_message = "Groups must be as given."
  }
}

run "service_accounts_get_roles_in_both_ways" {
  command = plan

  variables {
    pod_identities = { app = { namespace = "apps", service_account = "app", role_arn = "arn:aws:iam::111122223333:role/app" } }
  }

  assert {
    condition     = length(aws_iam_openid_connect_provider.this) == 1 && aws_eks_pod_identity_association.this["app"].service_account == "app"
    error_message = "IRSA and pod identity must both be there."
  }
}

run "an_iam_name_never_grows_over_its_limit" {
  command = plan

  variables {
    name   = "a-cluster-with-a-name-as-long-as-a-label-may-be-63-characters-x"
    region = "us-isof-south-1"
  }

  override_data {
    target = data.aws_region.current
    values = { region = "us-isof-south-1" }
  }

  assert {
    condition     = alltrue([for role in [aws_iam_role.cluster, aws_iam_role.node, aws_iam_role.ebs[0]] : length(role.name) <= 64])
    error_message = "IAM takes 64 characters."
  }
}
