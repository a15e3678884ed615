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
  mock_resource "aws_security_group" {
    defaults = { id = "sg-0123456789abcdef0" }
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
  ssh_public_key     = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl jane"
}

run "a_pool_is_a_node_group_as_described" {
  variables {
    node_pools = {
      spot = {
        min_size          = 2
        max_size          = 5
        instance_types    = ["m7i.large", "m6i.large"]
        capacity          = "SPOT"
        volume_size       = 100
        labels            = { workload = "batch" }
        taints            = [{ key = "dedicated", value = "batch", effect = "NO_SCHEDULE" }]
        subnet_ids        = ["subnet-a"]
        target_group_arns = ["arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/0123456789abcdef"]
        tags              = { cost = "batch" }
      }
    }
  }

  assert {
    condition     = aws_eks_node_group.pool["spot"].capacity_type == "SPOT" && tolist(aws_eks_node_group.pool["spot"].instance_types) == tolist(["m7i.large", "m6i.large"])
    error_message = "Capacity and instance types must be as given."
  }
  assert {
    condition     = aws_eks_node_group.pool["spot"].scaling_config[0].min_size == 2 && aws_eks_node_group.pool["spot"].scaling_config[0].desired_size == 2 && aws_eks_node_group.pool["spot"].scaling_config[0].max_size == 5
    error_message = "Sizes must be as given, beginning with the least."
  }
  assert {
    condition     = aws_eks_node_group.pool["spot"].labels == tomap({ workload = "batch", "slipway.dev/node-pool" = "spot" }) && one(aws_eks_node_group.pool["spot"].taint).effect == "NO_SCHEDULE"
    error_message = "Labels and taints must be as given."
  }
  assert {
    condition     = aws_eks_node_group.pool["spot"].subnet_ids == toset(["subnet-a"])
    error_message = "The pool must stand in its own subnet."
  }
  assert {
    condition     = aws_autoscaling_attachment.pool["spot/0"].autoscaling_group_name == "eks-mock"
    error_message = "The nodes must join the target group."
  }
  assert {
    condition     = aws_launch_template.pool["spot"].block_device_mappings[0].ebs[0].volume_size == 100 && tobool(aws_launch_template.pool["spot"].block_device_mappings[0].ebs[0].encrypted)
    error_message = "The volume must be as given, and encrypted."
  }
  assert {
    condition     = aws_launch_template.pool["spot"].metadata_options[0].http_tokens == "required" && aws_launch_template.pool["spot"].key_name == "demo-nodes"
    error_message = "IMDSv2 must be required, and SSH have its key."
  }
  assert {
    condition     = alltrue([for specification in aws_launch_template.pool["spot"].tag_specifications : specification.tags["cost"] == "batch"])
    error_message = "The pool's tags must be on instances and volumes."
  }
}

run "a_pool_keeps_the_size_that_an_autoscaler_gave_it" {
  command = plan

  override_data {
    target = data.aws_autoscaling_groups.pools
    values = { names = ["eks-workers"] }
  }
  override_data {
    target = data.aws_autoscaling_group.pool
    values = { desired_capacity = 7, tag = [{ key = "eks:nodegroup-name", value = "workers-0123abcd", propagate_at_launch = true }] }
  }

  variables {
    node_pools = {
      workers         = { min_size = 1, max_size = 10, instance_types = ["t3.large"] }
      worker          = { min_size = 1, max_size = 10, instance_types = ["t3.large"], desired_size = 2 }
      workers-0123abc = { min_size = 4, max_size = 10, instance_types = ["t3.large"] }
    }
  }

  assert {
    condition     = aws_eks_node_group.pool["workers"].scaling_config[0].desired_size == 7
    error_message = "The number of nodes must stay."
  }
  assert {
    condition     = aws_eks_node_group.pool["worker"].scaling_config[0].desired_size == 2 && aws_eks_node_group.pool["workers-0123abc"].scaling_config[0].desired_size == 4
    error_message = "The nodes of a pool with a similar name must not be counted."
  }
}

run "a_pool_follows_the_version_of_the_cluster" {
  command = plan

  variables {
    node_pools = {
      follows = { min_size = 1, max_size = 1, instance_types = ["t3.large"] }
      stays   = { min_size = 1, max_size = 1, instance_types = ["t3.large"], kubernetes_version = "1.32" }
    }
  }

  assert {
    condition     = aws_eks_node_group.pool["follows"].version == "1.34" && aws_eks_node_group.pool["stays"].version == "1.32"
    error_message = "A pool must have its own version, else that of the cluster."
  }
}

run "what_cannot_be_changed_is_in_the_name" {
  command = plan

  variables {
    node_pools = {
      one   = { min_size = 1, max_size = 1, instance_types = ["t3.large"] }
      two   = { min_size = 3, max_size = 9, instance_types = ["t3.large"], labels = { a = "b" }, volume_size = 80 }
      three = { min_size = 1, max_size = 1, instance_types = ["t3.xlarge"] }
    }
  }

  assert {
    condition     = trimprefix(aws_eks_node_group.pool["one"].node_group_name, "one-") == trimprefix(aws_eks_node_group.pool["two"].node_group_name, "two-")
    error_message = "What is changed in place must not change the name."
  }
  assert {
    condition     = trimprefix(aws_eks_node_group.pool["one"].node_group_name, "one-") != trimprefix(aws_eks_node_group.pool["three"].node_group_name, "three-")
    error_message = "What wants a new node group must change the name."
  }
}

run "max_pods_reach_the_kubelet_of_amazon_linux" {
  variables {
    node_pools = {
      dense = { min_size = 1, max_size = 1, instance_types = ["t3.large"], max_pods = 110 }
    }
  }

  assert {
    condition     = strcontains(base64decode(aws_launch_template.pool["dense"].user_data), "Content-Type: application/node.eks.aws\n\n")
    error_message = "NodeConfig must be a MIME part of its own type."
  }
  assert {
    condition     = yamldecode(split("\n--//", split("application/node.eks.aws\n\n", base64decode(aws_launch_template.pool["dense"].user_data))[1])[0]).spec == { kubelet = { config = { maxPods = 110 } } }
    error_message = "NodeConfig must hold the number of pods, and nothing that EKS adds itself."
  }
}

run "max_pods_reach_the_kubelet_of_bottlerocket" {
  variables {
    node_pools = {
      rocket = { min_size = 1, max_size = 1, instance_types = ["t3.large"], ami_type = "BOTTLEROCKET_x86_64", max_pods = 58 }
    }
  }

  assert {
    condition     = base64decode(aws_launch_template.pool["rocket"].user_data) == "[settings.kubernetes]\nmax-pods = 58\n"
    error_message = "Bottlerocket reads TOML."
  }
  assert {
    condition     = aws_launch_template.pool["rocket"].block_device_mappings[0].device_name == "/dev/xvdb"
    error_message = "Bottlerocket keeps its data on the second volume."
  }
}

run "an_image_of_ones_own_is_told_its_cluster" {
  variables {
    service_cidr = "172.20.0.0/16"
    node_pools = {
      own = {
        min_size       = 1
        max_size       = 1
        instance_types = ["t3.large"]
        image_id       = "ami-0123456789abcdef0"
        labels         = { workload = "own" }
        taints         = [{ key = "own", effect = "NO_EXECUTE" }]
      }
      own-rocket = { min_size = 1, max_size = 1, instance_types = ["t3.large"], image_id = "ami-0123456789abcdef0", ami_type = "BOTTLEROCKET_x86_64" }
    }
  }

  assert {
    condition     = aws_eks_node_group.pool["own"].version == null || aws_eks_node_group.pool["own"].version != "1.34"
    error_message = "EKS takes no version with an image of one's own."
  }
  assert {
    condition = yamldecode(split("\n--//", split("application/node.eks.aws\n\n", base64decode(aws_launch_template.pool["own"].user_data))[1])[0]).spec == {
      cluster = {
        name                 = "demo"
        apiServerEndpoint    = "https://0123.gr7.eu-central-1.eks.amazonaws.com"
        certificateAuthority = "Y2E="
        cidr                 = "172.20.0.0/16"
      }
      kubelet = { flags = ["--node-labels=slipway.dev/node-pool=own,workload=own", "--register-with-taints=own=:NoExecute"] }
    }
    error_message = "EKS tells such a node nothing: NodeConfig must."
  }
  assert {
    condition     = strcontains(base64decode(aws_launch_template.pool["own-rocket"].user_data), "cluster-dns-ip = \"172.20.0.10\"")
    error_message = "Bottlerocket must be told its cluster too."
  }
}

run "user_data_of_ones_own_is_one_more_part" {
  variables {
    node_pools = {
      script = { min_size = 1, max_size = 1, instance_types = ["t3.large"], max_pods = 20, user_data = { body = "#!/bin/sh\ntrue" } }
      plain  = { min_size = 1, max_size = 1, instance_types = ["t3.large"] }
    }
  }

  assert {
    condition     = length(split("\n--//\n", base64decode(aws_launch_template.pool["script"].user_data))) == 3 && strcontains(base64decode(aws_launch_template.pool["script"].user_data), "Content-Type: text/x-shellscript\n\n#!/bin/sh\ntrue\n--//--")
    error_message = "The script must stand beside the NodeConfig."
  }
  assert {
    condition     = local.user_data["plain"] == null
    error_message = "A plain pool needs no user data."
  }
}

run "firewall_rules_stand_in_the_pools_own_group" {
  variables {
    node_pools = {
      web = {
        min_size       = 1
        max_size       = 1
        instance_types = ["t3.large"]
        firewall_rules = {
          ports   = { from = 30000, to = 32767, cidrs = ["10.0.0.0/16", "10.1.0.0/16"] }
          peers   = { protocol = "-1", self = true }
          balance = { from = 8080, to = 8080, source_security_group_id = "sg-11111111111111111" }
          out     = { direction = "egress", protocol = "udp", from = 53, to = 53, cidrs = ["0.0.0.0/0"] }
        }
      }
      plain = { min_size = 1, max_size = 1, instance_types = ["t3.large"] }
    }
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.pool)) == toset(["web/ports/10.0.0.0/16", "web/ports/10.1.0.0/16", "web/peers", "web/balance"])
    error_message = "Each peer must have its rule."
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.pool["web/peers"].referenced_security_group_id == aws_security_group.pool["web"].id && aws_vpc_security_group_egress_rule.pool["web/out/0.0.0.0/0"].ip_protocol == "udp"
    error_message = "self must be the pool's own group, and egress a rule of the other direction."
  }
  assert {
    condition     = keys(aws_security_group.pool) == ["web"] && length(aws_launch_template.pool["web"].vpc_security_group_ids) == length(aws_launch_template.pool["plain"].vpc_security_group_ids) + (aws_security_group.pool["web"].id == aws_security_group.node.id ? 0 : 1)
    error_message = "Only a pool with rules must have a group of its own."
  }
}

run "ssh_needs_a_key_and_comes_from_the_dmz" {
  command = plan

  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.node_ssh : "${rule.from_port} ${rule.cidr_ipv4}"] == ["22 10.0.0.0/16"]
    error_message = "SSH must be let in from dmz_cidrs."
  }
}

run "without_a_key_there_is_no_ssh" {
  command = plan

  variables {
    ssh_public_key = null
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.node_ssh) == 0 && length(aws_key_pair.node) == 0
    error_message = "Port 22 must stay shut."
  }
}
