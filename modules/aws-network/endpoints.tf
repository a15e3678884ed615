# AWS services without leaving the network.

data "aws_vpc_endpoint_service" "gateway" {
  for_each = var.gateway_endpoints

  service      = each.key
  service_type = "Gateway"
}

data "aws_vpc_endpoint_service" "interface" {
  for_each = var.interface_endpoints

  service      = each.key
  service_type = "Interface"
}

resource "aws_vpc_endpoint" "gateway" {
  for_each = var.gateway_endpoints

  vpc_id            = aws_vpc.this.id
  vpc_endpoint_type = "Gateway"
  service_name      = data.aws_vpc_endpoint_service.gateway[each.key].service_name
  route_table_ids   = concat(aws_route_table.public[*].id, [for zone in local.private_zones : aws_route_table.private[zone].id])
  tags              = merge(var.tags, { Name = "${var.name}-${each.key}" })
}

resource "aws_security_group" "endpoints" {
  count = length(var.interface_endpoints) > 0 ? 1 : 0

  name        = "${var.name}-endpoints"
  description = "Interface endpoints"
  vpc_id      = aws_vpc.this.id
  tags        = merge(var.tags, { Name = "${var.name}-endpoints" })
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = length(var.interface_endpoints) > 0 ? toset(local.network_ranges) : toset([])

  security_group_id = aws_security_group.endpoints[0].id
  description       = "HTTPS from the network"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = each.value
  tags              = var.tags
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  vpc_endpoint_type   = "Interface"
  service_name        = data.aws_vpc_endpoint_service.interface[each.key].service_name
  private_dns_enabled = true
  security_group_ids  = [aws_security_group.endpoints[0].id]
  # A service need not stand in every zone of its region.
  subnet_ids = [
    for zone in local.private_zones : aws_subnet.private[zone].id
    if contains(data.aws_vpc_endpoint_service.interface[each.key].availability_zones, zone)
  ]
  tags = merge(var.tags, { Name = "${var.name}-${each.key}" })
}
