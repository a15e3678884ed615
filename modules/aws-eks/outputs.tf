# `import` evaluates all outputs while other instances are not in the state yet, or are still being made: hence try().

output "cluster_name" {
  description = "Name of the cluster, as EKS knows it."
  value       = aws_eks_cluster.this.name
}

output "cluster_arn" {
  description = "ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "cluster_endpoint" {
  description = "URL of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "cluster_certificate_authority" {
  description = "Certificate authority of the Kubernetes API: PEM, in base64."
  value       = try(aws_eks_cluster.this.certificate_authority[0].data, null)
}

output "kubernetes_version" {
  description = "Minor version of the control plane."
  value       = aws_eks_cluster.this.version
}

output "cluster_security_group_id" {
  description = "Security group that EKS made for control plane and nodes."
  value       = try(aws_eks_cluster.this.vpc_config[0].cluster_security_group_id, null)
}

output "api_security_group_id" {
  description = "Security group that lets dmz_cidrs in to the private API."
  value       = aws_security_group.api.id
}

output "node_security_group_id" {
  description = "Security group of all nodes."
  value       = aws_security_group.node.id
}

output "oidc_issuer_url" {
  description = "Issuer of the cluster's service account tokens."
  value       = try(aws_eks_cluster.this.identity[0].oidc[0].issuer, null)
}

output "oidc_provider_arn" {
  description = "IAM's provider for that issuer; null without irsa."
  value       = one(aws_iam_openid_connect_provider.this[*].arn)
}

output "node_role_name" {
  description = "Name of the nodes' role."
  value       = aws_iam_role.node.name
}

output "node_role_arn" {
  description = "ARN of the nodes' role."
  value       = aws_iam_role.node.arn
}

output "node_pools" {
  description = "The pools by name, with the node group and the auto-scaling groups of each."
  value = {
    for name, group in aws_eks_node_group.pool : name => {
      node_group_name         = group.node_group_name
      arn                     = group.arn
      kubernetes_version      = group.version
      release_version         = group.release_version
      autoscaling_group_names = try(flatten([for resource in group.resources : [for member in resource.autoscaling_groups : member.name]]), [])
      security_group_id       = try(aws_security_group.pool[name].id, null)
    }
  }
}

output "operator_ssh_user" {
  description = "User of SSH on the nodes: ec2-user for Amazon Linux and Bottlerocket's admin container."
  value       = "ec2-user"
}

output "secrets_kms_key_arn" {
  description = "Key that encrypts Kubernetes secrets; null when they are not."
  value       = local.secrets_key_arn
}

output "log_group" {
  description = "CloudWatch log group of the control plane; null when nothing is logged."
  value       = one(aws_cloudwatch_log_group.control_plane[*].name)
}
