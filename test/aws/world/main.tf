# All three modules with nearly everything switched on: the graph of the suites beside.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }
}

variable "kubernetes_version" {
  type    = string
  default = "1.33"
}

variable "instance_types" {
  type    = list(string)
  default = ["t3.large"]
}

variable "nat_gateways" {
  type    = string
  default = "single"
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { project = "world" }
  }
}

module "network" {
  source = "../modules/aws-network"

  name                = "world"
  region              = "eu-west-1"
  cidr                = "10.0.0.0/16"
  additional_cidrs    = ["10.1.0.0/16"]
  availability_zones  = ["eu-west-1a", "eu-west-1b"]
  private_subnets     = ["10.0.0.0/19", "10.1.32.0/19"]
  public_subnets      = ["10.0.128.0/20", "10.0.144.0/20"]
  nat_gateways        = var.nat_gateways
  cluster_names       = ["world"]
  interface_endpoints = ["ecr.api"]
  flow_logs           = {}
  vpn_identity        = { bucket_name = "world-vpn-identity", host_role_name = "world-eu-west-1-vpn" }
}

module "vpn" {
  source = "../modules/aws-vpn"

  name              = "world-vpn"
  region            = "eu-west-1"
  vpc_id            = module.network.vpc_id
  public_subnet_ids = module.network.public_subnet_ids
  hosts             = 1
  operator_cidrs    = ["203.0.113.0/24"]
  role_name         = "world-eu-west-1-vpn"
  user_data         = "#cloud-config\n"

  identity = {
    bucket       = module.network.vpn_identity.bucket
    host_key_arn = module.network.vpn_identity.host_key_arn
  }
}

resource "aws_lb_target_group" "workers" {
  name        = "world-workers"
  port        = 30080
  protocol    = "TCP"
  target_type = "instance"
  vpc_id      = module.network.vpc_id
}

module "eks" {
  source = "../modules/aws-eks"

  name               = "world"
  region             = "eu-west-1"
  vpc_id             = module.network.vpc_id
  subnet_ids         = module.network.private_subnet_ids
  kubernetes_version = var.kubernetes_version
  dmz_cidrs          = ["10.0.0.0/16"]
  ssh_public_key     = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl tester"

  access_entries = {
    admins = {
      principal_arn = "arn:aws:iam::123456789012:role/admins"
      policies      = { admin = { policy = "AmazonEKSClusterAdminPolicy" } }
    }
  }
  pod_identities = {
    backup = { namespace = "backup", service_account = "backup", role_arn = "arn:aws:iam::123456789012:role/backup" }
  }

  node_pools = {
    workers = {
      min_size          = 2
      max_size          = 4
      instance_types    = var.instance_types
      labels            = { tier = "workers" }
      taints            = [{ key = "dedicated", value = "workers", effect = "NO_SCHEDULE" }]
      target_group_arns = [aws_lb_target_group.workers.arn]
      firewall_rules = {
        web = { direction = "ingress", protocol = "tcp", from = 80, to = 80, cidrs = ["10.0.0.0/8"] }
        out = { direction = "egress", protocol = "-1", cidrs = ["0.0.0.0/0"] }
      }
    }
  }
}

output "cluster" {
  value = module.eks
}
