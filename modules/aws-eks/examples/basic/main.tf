# A private cluster with two pools, in a network that is there already.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.66"
    }
  }
}

provider "aws" {
  region = "eu-central-1"
}

variable "vpc_id" {
  type    = string
  default = "vpc-0123456789abcdef0"
}

variable "subnet_ids" {
  type    = list(string)
  default = ["subnet-00000000000000001", "subnet-00000000000000002", "subnet-00000000000000003"]
}

module "eks" {
  source = "../.."

  name               = "demo"
  region             = "eu-central-1"
  kubernetes_version = "1.34"
  vpc_id             = var.vpc_id
  subnet_ids         = var.subnet_ids
  dmz_cidrs          = ["10.0.0.0/16"]

  access_entries = {
    developers = {
      principal_arn = "arn:aws:iam::111122223333:role/developers"
      policies      = { view = { policy = "AmazonEKSViewPolicy" } }
    }
  }

  node_pools = {
    infra = {
      min_size       = 2
      max_size       = 4
      instance_types = ["m7i.large"]
      labels         = { workload = "infra" }
      taints         = [{ key = "workload", value = "infra", effect = "NO_SCHEDULE" }]
    }
    workers = {
      min_size       = 1
      max_size       = 10
      instance_types = ["m7i.large", "m6i.large"]
      capacity       = "SPOT"
      max_pods       = 58
      firewall_rules = {
        node-ports = { from = 30000, to = 32767, cidrs = ["10.0.0.0/16"] }
      }
    }
  }

  tags = { team = "platform" }
}

output "cluster_endpoint" {
  value = module.eks.cluster_endpoint
}
