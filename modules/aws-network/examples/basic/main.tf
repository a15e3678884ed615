# A network in three zones with one NAT gateway, a free way to S3, and records of refused traffic.

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

module "network" {
  source = "../.."

  name               = "demo"
  region             = "eu-central-1"
  cidr               = "10.0.0.0/16"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  private_subnets    = ["10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19"]
  public_subnets     = ["10.0.128.0/20", "10.0.144.0/20", "10.0.160.0/20"]
  nat_gateways       = "single"
  cluster_names      = ["demo"]
  flow_logs          = { traffic = "REJECT", retention_days = 30 }
  tags               = { team = "platform" }
}

output "vpc_id" {
  value = module.network.vpc_id
}

output "private_subnet_ids" {
  value = module.network.private_subnet_ids
}
