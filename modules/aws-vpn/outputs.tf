# `import` evaluates all outputs while other instances are not in the state yet, or are still being made: hence try().

output "hosts" {
  description = "The hosts by name, with the address clients connect to and the group that keeps each alive."
  value = {
    for host in local.host_names : host => {
      address                = try(aws_eip.host[host].public_ip, null)
      allocation_id          = try(aws_eip.host[host].allocation_id, null)
      autoscaling_group_name = try(aws_autoscaling_group.host[host].name, null)
    }
  }
}

output "addresses" {
  description = "Addresses of the hosts, in the order of the hosts."
  value       = [for host in local.host_names : try(aws_eip.host[host].public_ip, null)]
}

output "port" {
  description = "Port of the VPN."
  value       = var.port
}

output "protocol" {
  description = "Transport of the VPN."
  value       = var.protocol
}

output "security_group_id" {
  description = "Security group of the hosts; let it in where VPN clients go."
  value       = aws_security_group.host.id
}

output "role_arn" {
  description = "Role of the hosts."
  value       = aws_iam_role.host.arn
}
