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
}

variables {
  name               = "main"
  region             = "eu-central-1"
  cidr               = "10.0.0.0/16"
  availability_zones = ["eu-central-1a", "eu-central-1b"]
  public_subnets     = ["10.0.128.0/20", "10.0.144.0/20"]
  private_subnets    = ["10.0.0.0/19", "10.0.32.0/19"]
}

run "refuses_a_name_that_dns_would_not_take" {
  command = plan
  variables {
    name = "Main_Network"
  }
  expect_failures = [var.name]
}

run "refuses_what_is_no_region" {
  command = plan
  variables {
    region             = "frankfurt"
    availability_zones = ["frankfurta", "frankfurtb"]
  }
  expect_failures = [var.region]
}

run "refuses_a_range_with_bits_behind_its_prefix" {
  command = plan
  variables {
    cidr = "10.0.0.1/16"
  }
  expect_failures = [var.cidr]
}

run "refuses_a_range_that_aws_finds_too_large" {
  command = plan
  variables {
    cidr = "10.0.0.0/8"
  }
  expect_failures = [var.cidr]
}

run "refuses_a_fifth_further_range" {
  command = plan
  variables {
    additional_cidrs = ["100.64.0.0/16", "100.65.0.0/16", "100.66.0.0/16", "100.67.0.0/16", "100.68.0.0/16"]
  }
  expect_failures = [var.additional_cidrs]
}

run "refuses_a_zone_of_another_region" {
  command = plan
  variables {
    availability_zones = ["eu-central-1a", "eu-west-1b"]
  }
  expect_failures = [var.availability_zones]
}

run "refuses_more_public_subnets_than_zones" {
  command = plan
  variables {
    public_subnets = ["10.0.128.0/20", "10.0.144.0/20", "10.0.160.0/20"]
  }
  expect_failures = [var.public_subnets]
}

run "refuses_fewer_private_subnets_than_zones" {
  command = plan
  variables {
    private_subnets = ["10.0.0.0/19"]
  }
  expect_failures = [var.private_subnets]
}

run "refuses_a_subnet_too_small_for_aws" {
  command = plan
  variables {
    private_subnets = ["10.0.0.0/19", "10.0.32.0/29"]
  }
  expect_failures = [var.private_subnets]
}

run "refuses_a_subnet_outside_of_the_network" {
  command = plan
  variables {
    private_subnets = ["10.0.0.0/19", "10.1.0.0/19"]
  }
  expect_failures = [aws_vpc.this]
}

run "takes_a_subnet_in_a_further_range" {
  command = plan
  variables {
    additional_cidrs = ["100.64.0.0/16"]
    private_subnets  = ["100.64.0.0/19", "100.64.32.0/19"]
  }
  assert {
    condition     = length(aws_vpc_ipv4_cidr_block_association.additional) == 1
    error_message = "The further range must be there."
  }
}

run "refuses_subnets_that_overlap" {
  command = plan
  variables {
    public_subnets = ["10.0.16.0/20", "10.0.144.0/20"]
  }
  expect_failures = [aws_vpc.this]
}

run "refuses_ranges_of_the_network_that_overlap" {
  command = plan
  variables {
    additional_cidrs = ["10.0.128.0/17"]
  }
  expect_failures = [aws_vpc.this]
}

run "refuses_a_nat_gateway_without_a_public_subnet" {
  command = plan
  variables {
    public_subnets = []
  }
  expect_failures = [var.nat_gateways]
}

run "refuses_an_unknown_number_of_nat_gateways" {
  command = plan
  variables {
    nat_gateways = "two"
  }
  expect_failures = [var.nat_gateways]
}

run "refuses_a_gateway_endpoint_that_aws_does_not_have" {
  command = plan
  variables {
    gateway_endpoints = ["sts"]
  }
  expect_failures = [var.gateway_endpoints]
}

run "refuses_s3_as_an_interface_endpoint" {
  command = plan
  variables {
    interface_endpoints = ["s3"]
  }
  expect_failures = [var.interface_endpoints]
}

run "refuses_flow_logs_in_a_bucket_without_a_bucket" {
  command = plan
  variables {
    flow_logs = { destination = "s3" }
  }
  expect_failures = [var.flow_logs]
}

run "refuses_a_retention_that_cloud_watch_does_not_know" {
  command = plan
  variables {
    flow_logs = { retention_days = 31 }
  }
  expect_failures = [var.flow_logs]
}

run "refuses_a_bucket_name_that_s3_would_not_take" {
  command = plan
  variables {
    vpn_identity = { bucket_name = "My.Bucket", host_role_name = "main-vpn" }
  }
  expect_failures = [var.vpn_identity]
}

run "refuses_a_tag_that_aws_keeps_for_itself" {
  command = plan
  variables {
    tags = { "aws:team" = "platform" }
  }
  expect_failures = [var.tags]
}

run "refuses_to_act_in_another_region_than_the_providers" {
  command = plan
  override_data {
    target = data.aws_region.current
    values = { region = "us-east-1" }
  }
  expect_failures = [aws_vpc.this]
}
