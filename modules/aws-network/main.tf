# A VPC with public and private subnets in each zone. What leads out of it stands in gateways.tf, what leads to AWS in endpoints.tf,
# where a VPN's hosts find what they are in vpn-identity.tf.

data "aws_partition" "current" {}

data "aws_caller_identity" "current" {}

data "aws_region" "current" {}

locals {
  public_zones  = length(var.public_subnets) > 0 ? var.availability_zones : []
  private_zones = length(var.private_subnets) > 0 ? var.availability_zones : []

  # IAM knows no regions: two networks of one name in two regions must not meet there.
  iam_name = length(var.name) <= 38 ? "${var.name}-${var.region}" : "${substr(var.name, 0, 29)}-${substr(sha256(var.name), 0, 8)}-${var.region}"

  network_ranges = concat([var.cidr], var.additional_cidrs)
  subnet_ranges  = concat(var.public_subnets, var.private_subnets)

  # First and last address of each range, as numbers.
  bounds = {
    for range in distinct(concat(local.network_ranges, local.subnet_ranges)) : range => {
      first = sum([for i, octet in split(".", cidrhost(range, 0)) : tonumber(octet) * pow(256, 3 - i)])
      last  = sum([for i, octet in split(".", cidrhost(range, -1)) : tonumber(octet) * pow(256, 3 - i)])
    }
  }

  outside = [
    for subnet in local.subnet_ranges : subnet if !anytrue([
      for network in local.network_ranges :
      local.bounds[subnet].first >= local.bounds[network].first && local.bounds[subnet].last <= local.bounds[network].last
    ])
  ]

  overlapping = concat(
    [
      for pair in setproduct(range(length(local.network_ranges)), range(length(local.network_ranges))) :
      "${local.network_ranges[pair[0]]} and ${local.network_ranges[pair[1]]}"
      if pair[0] < pair[1]
      && local.bounds[local.network_ranges[pair[0]]].first <= local.bounds[local.network_ranges[pair[1]]].last
      && local.bounds[local.network_ranges[pair[1]]].first <= local.bounds[local.network_ranges[pair[0]]].last
    ],
    [
      for pair in setproduct(range(length(local.subnet_ranges)), range(length(local.subnet_ranges))) :
      "${local.subnet_ranges[pair[0]]} and ${local.subnet_ranges[pair[1]]}"
      if pair[0] < pair[1]
      && local.bounds[local.subnet_ranges[pair[0]]].first <= local.bounds[local.subnet_ranges[pair[1]]].last
      && local.bounds[local.subnet_ranges[pair[1]]].first <= local.bounds[local.subnet_ranges[pair[0]]].last
    ],
  )

  # https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html#network-requirements-subnets
  cluster_tags = { for cluster in var.cluster_names : "kubernetes.io/cluster/${cluster}" => "shared" }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true
  tags                 = merge(var.tags, { Name = var.name })

  lifecycle {
    precondition {
      condition     = data.aws_region.current.region == var.region
      error_message = "The provider works in ${data.aws_region.current.region}, and the network is to stand in ${var.region}: set AWS_REGION, or the provider's region."
    }
    precondition {
      condition     = length(local.outside) == 0
      error_message = "Not inside the network: ${join(", ", local.outside)}."
    }
    precondition {
      condition     = length(local.overlapping) == 0
      error_message = "These ranges overlap: ${join("; ", local.overlapping)}."
    }
  }
}

resource "aws_vpc_ipv4_cidr_block_association" "additional" {
  for_each = toset(var.additional_cidrs)

  vpc_id     = aws_vpc.this.id
  cidr_block = each.value
}

# Nothing uses the default group; without rules nobody is let in by accident.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id
  tags   = merge(var.tags, { Name = "${var.name}-default" })
}

resource "aws_subnet" "public" {
  for_each = zipmap(local.public_zones, var.public_subnets)

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = true
  tags = merge(var.tags, local.cluster_tags, var.public_subnet_tags, {
    Name                     = "${var.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
  })

  depends_on = [aws_vpc_ipv4_cidr_block_association.additional]
}

resource "aws_subnet" "private" {
  for_each = zipmap(local.private_zones, var.private_subnets)

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value
  tags = merge(var.tags, local.cluster_tags, var.private_subnet_tags, {
    Name                              = "${var.name}-private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  })

  depends_on = [aws_vpc_ipv4_cidr_block_association.additional]
}
