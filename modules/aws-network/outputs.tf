# `import` evaluates all outputs while other instances are not in the state yet, or are still being made: hence try().

output "vpc_id" {
  description = "Id of the VPC."
  value       = aws_vpc.this.id
}

output "vpc_cidr" {
  description = "Addresses of the VPC."
  value       = aws_vpc.this.cidr_block
}

output "availability_zones" {
  description = "Zones of the subnets, in the order of the subnets."
  value       = var.availability_zones
}

output "public_subnet_ids" {
  description = "Ids of the public subnets, in the order of the zones."
  value       = [for zone in local.public_zones : try(aws_subnet.public[zone].id, null)]
}

output "public_subnet_cidrs" {
  description = "Ranges of the public subnets, in the order of the zones."
  value       = [for zone in local.public_zones : try(aws_subnet.public[zone].cidr_block, null)]
}

output "private_subnet_ids" {
  description = "Ids of the private subnets, in the order of the zones."
  value       = [for zone in local.private_zones : try(aws_subnet.private[zone].id, null)]
}

output "private_subnet_cidrs" {
  description = "Ranges of the private subnets, in the order of the zones."
  value       = [for zone in local.private_zones : try(aws_subnet.private[zone].cidr_block, null)]
}

output "private_route_table_ids" {
  description = "Ids of the private subnets' route tables, in the order of the zones."
  value       = [for zone in local.private_zones : try(aws_route_table.private[zone].id, null)]
}

output "public_route_table_id" {
  description = "Id of the route table of the public subnets; null when there are none."
  value       = one(aws_route_table.public[*].id)
}

output "nat_addresses" {
  description = "Public addresses from which the private subnets reach the internet."
  value       = [for zone in local.nat_zones : try(aws_eip.nat[zone].public_ip, null)]
}

output "endpoint_ids" {
  description = "Ids of the VPC endpoints by service."
  value = merge(
    { for service, endpoint in aws_vpc_endpoint.gateway : service => endpoint.id },
    { for service, endpoint in aws_vpc_endpoint.interface : service => endpoint.id },
  )
}

output "flow_log_group" {
  description = "CloudWatch log group of the flow logs; null when there is none."
  value       = one(aws_cloudwatch_log_group.flow_logs[*].name)
}

output "vpn_identity" {
  description = "Bucket of the VPN's identity with its keys: hosts may use host_key_arn, only operators authority_key_arn. Null when there is none."
  value = var.vpn_identity == null ? null : {
    bucket            = aws_s3_bucket.vpn_identity[0].bucket
    bucket_arn        = aws_s3_bucket.vpn_identity[0].arn
    authority_prefix  = var.vpn_identity.authority_prefix
    host_key_arn      = try(aws_kms_key.vpn["hosts"].arn, null)
    authority_key_arn = try(aws_kms_key.vpn["authority"].arn, null)
  }
}
