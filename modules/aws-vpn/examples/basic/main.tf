# A network and two VPN hosts in it. What the hosts do at boot (user_data) is the caller's: Slipway's own is made by `slipway up`.

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

locals {
  role_name = "demo-eu-central-1-vpn"
}

module "network" {
  source = "../../../aws-network"

  name               = "demo"
  region             = "eu-central-1"
  cidr               = "10.0.0.0/16"
  availability_zones = ["eu-central-1a", "eu-central-1b"]
  private_subnets    = ["10.0.0.0/19", "10.0.32.0/19"]
  public_subnets     = ["10.0.128.0/20", "10.0.144.0/20"]
  vpn_identity       = { bucket_name = "demo-vpn-3f2a91c4", host_role_name = local.role_name }
}

module "vpn" {
  source = "../.."

  name              = "demo-vpn"
  region            = "eu-central-1"
  vpc_id            = module.network.vpc_id
  public_subnet_ids = module.network.public_subnet_ids
  hosts             = 2
  operator_cidrs    = ["203.0.113.0/24"]
  role_name         = local.role_name

  identity = {
    bucket       = module.network.vpn_identity.bucket
    host_key_arn = module.network.vpn_identity.host_key_arn
  }

  user_data = <<-EOT
    #cloud-config
    write_files:
      - path: /etc/vpn.env
        content: BUCKET=@@BUCKET@@ REGION=@@REGION@@ HOST=@@HOST@@ ADDRESS=@@ALLOCATION_ID@@
  EOT
}

output "addresses" {
  value = module.vpn.addresses
}
