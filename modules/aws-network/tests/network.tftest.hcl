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
  mock_data "aws_vpc_endpoint_service" {
    defaults = { service_name = "com.amazonaws.eu-central-1.mock", availability_zones = ["eu-central-1a", "eu-central-1b"] }
  }
  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-central-1:111122223333:key/00000000-0000-0000-0000-000000000000" }
  }
  mock_resource "aws_s3_bucket" {
    defaults = { arn = "arn:aws:s3:::main-vpn" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-central-1:111122223333:log-group:/aws/vpc/main/flow-logs" }
  }
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::111122223333:role/mock" }
  }
}

variables {
  name               = "main"
  region             = "eu-central-1"
  cidr               = "10.0.0.0/16"
  availability_zones = ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
  public_subnets     = ["10.0.128.0/20", "10.0.144.0/20", "10.0.160.0/20"]
  private_subnets    = ["10.0.0.0/19", "10.0.32.0/19", "10.0.64.0/19"]
  cluster_names      = ["demo"]
  tags               = { team = "platform" }
}

run "one_subnet_of_each_sort_in_each_zone" {
  assert {
    condition     = jsonencode([for zone in var.availability_zones : aws_subnet.private[zone].cidr_block]) == jsonencode(var.private_subnets)
    error_message = "Private subnets must follow the order of the zones."
  }
  assert {
    condition     = length(output.public_subnet_ids) == 3 && toset(keys(aws_subnet.public)) == toset(["eu-central-1a", "eu-central-1b", "eu-central-1c"])
    error_message = "There must be a public subnet in each zone."
  }
  assert {
    condition     = jsonencode(output.private_subnet_cidrs) == jsonencode(var.private_subnets) && jsonencode(output.public_subnet_cidrs) == jsonencode(var.public_subnets)
    error_message = "The outputs must have the order of the zones."
  }
}

run "load_balancers_find_their_subnets_by_tag" {
  command = plan

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.tags["kubernetes.io/role/elb"] == "1" && subnet.tags["kubernetes.io/cluster/demo"] == "shared"])
    error_message = "Public subnets must carry the tags of public load balancers and of the cluster."
  }
  assert {
    condition     = alltrue([for subnet in aws_subnet.private : subnet.tags["kubernetes.io/role/internal-elb"] == "1" && subnet.tags["kubernetes.io/cluster/demo"] == "shared"])
    error_message = "Private subnets must carry the tags of internal load balancers and of the cluster."
  }
  assert {
    condition     = alltrue([for subnet in concat(values(aws_subnet.public), values(aws_subnet.private)) : subnet.tags["team"] == "platform"])
    error_message = "The caller's tags must be on every subnet."
  }
}

run "a_single_nat_gateway_serves_every_zone" {
  assert {
    condition     = keys(aws_nat_gateway.this) == ["eu-central-1a"] && length(aws_route.private_nat) == 3
    error_message = "There must be one gateway, in the first zone, and a route to it from each private zone."
  }
  assert {
    condition     = alltrue([for route in aws_route.private_nat : route.nat_gateway_id == aws_nat_gateway.this["eu-central-1a"].id])
    error_message = "Each zone must go out through the only gateway."
  }
}

run "with_a_nat_gateway_per_zone_no_zone_depends_on_another" {
  variables {
    nat_gateways = "per_zone"
  }

  assert {
    condition     = alltrue([for zone, route in aws_route.private_nat : route.nat_gateway_id == aws_nat_gateway.this[zone].id])
    error_message = "Each zone must go out through its own gateway."
  }
  assert {
    condition     = length(output.nat_addresses) == 3
    error_message = "There must be an address for each gateway."
  }
}

run "a_network_can_stay_without_a_way_out" {
  command = plan

  variables {
    nat_gateways   = "none"
    public_subnets = []
  }

  assert {
    condition     = length(aws_internet_gateway.this) == 0 && length(aws_route.private_nat) == 0 && length(aws_eip.nat) == 0
    error_message = "Nothing must lead out."
  }
  assert {
    condition     = output.public_route_table_id == null
    error_message = "There must be no public route table."
  }
}

run "endpoints_stand_where_their_service_does" {
  variables {
    gateway_endpoints   = ["s3", "dynamodb"]
    interface_endpoints = ["ecr.api", "sts"]
  }

  # Mocked ids need not differ, so only that there are some can be said; test/modules counts them.
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.gateway : length(endpoint.route_table_ids) > 0])
    error_message = "A gateway endpoint must be in the route tables."
  }
  assert {
    condition     = alltrue([for endpoint in aws_vpc_endpoint.interface : length(endpoint.subnet_ids) > 0 && endpoint.private_dns_enabled])
    error_message = "An interface endpoint must stand in the zones of its service, under its own name."
  }
  assert {
    condition     = toset(keys(output.endpoint_ids)) == toset(["s3", "dynamodb", "ecr.api", "sts"])
    error_message = "All endpoints must be given."
  }
}

run "flow_logs_go_to_cloud_watch" {
  variables {
    flow_logs = { retention_days = 30 }
  }

  assert {
    condition     = aws_cloudwatch_log_group.flow_logs[0].retention_in_days == 30 && aws_flow_log.this[0].log_destination_type == "cloud-watch-logs"
    error_message = "The records must go to the log group."
  }
  assert {
    condition     = output.flow_log_group == "/aws/vpc/main/flow-logs"
    error_message = "The log group must be given."
  }
}

run "flow_logs_go_to_a_bucket" {
  command = plan

  variables {
    flow_logs = { destination = "s3", bucket_arn = "arn:aws:s3:::my-logs", traffic = "REJECT" }
  }

  assert {
    condition     = aws_flow_log.this[0].log_destination == "arn:aws:s3:::my-logs" && aws_flow_log.this[0].traffic_type == "REJECT"
    error_message = "The records must go to the bucket."
  }
  assert {
    condition     = length(aws_cloudwatch_log_group.flow_logs) == 0 && length(aws_iam_role.flow_logs) == 0
    error_message = "Nothing of CloudWatch must be made."
  }
}

run "the_default_security_group_lets_nobody_in" {
  command = plan

  assert {
    condition     = try(length(aws_default_security_group.this.ingress), 0) == 0 && try(length(aws_default_security_group.this.egress), 0) == 0
    error_message = "The default group must have no rules."
  }
}

run "an_iam_name_never_grows_over_its_limit" {
  command = plan

  variables {
    name      = "a-network-with-a-name-as-long-as-a-label-may-be-63-characters-x"
    region    = "us-isof-south-1"
    flow_logs = {}

    availability_zones = ["us-isof-south-1a", "us-isof-south-1b", "us-isof-south-1c"]
  }

  override_data {
    target = data.aws_region.current
    values = { region = "us-isof-south-1" }
  }

  assert {
    condition     = length(aws_iam_role.flow_logs[0].name) <= 64
    error_message = "IAM takes 64 characters."
  }
}
