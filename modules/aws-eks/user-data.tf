# What a node is told at boot beyond what EKS tells it: https://awslabs.github.io/amazon-eks-ami/nodeadm/ (Amazon Linux 2023) and
# https://bottlerocket.dev/en/os/latest/#/api/settings/ (Bottlerocket). With an AMI of the caller's own EKS tells it nothing.

locals {
  taint_effects = { NO_SCHEDULE = "NoSchedule", NO_EXECUTE = "NoExecute", PREFER_NO_SCHEDULE = "PreferNoSchedule" }

  cluster_details = {
    name                 = aws_eks_cluster.this.name
    apiServerEndpoint    = aws_eks_cluster.this.endpoint
    certificateAuthority = aws_eks_cluster.this.certificate_authority[0].data
    cidr                 = var.service_cidr != null ? var.service_cidr : try(aws_eks_cluster.this.kubernetes_network_config[0].service_ipv4_cidr, null)
  }

  kubelet_flags = {
    for name, pool in var.node_pools : name => concat(
      ["--node-labels=${join(",", [for key, value in local.pool_labels[name] : "${key}=${value}"])}"],
      length(pool.taints) == 0 ? [] : [
        "--register-with-taints=${join(",", [for taint in pool.taints : "${taint.key}=${taint.value == null ? "" : taint.value}:${local.taint_effects[taint.effect]}"])}",
      ],
    )
  }

  node_configs = {
    for name, pool in var.node_pools : name => yamlencode({
      apiVersion = "node.eks.aws/v1alpha1"
      kind       = "NodeConfig"
      spec = merge(
        pool.image_id == null ? {} : { cluster = local.cluster_details },
        {
          kubelet = merge(
            pool.max_pods == 0 ? {} : { config = { maxPods = pool.max_pods } },
            pool.image_id == null ? {} : { flags = local.kubelet_flags[name] },
          )
        },
      )
    }) if !local.bottlerocket[name] && (pool.max_pods > 0 || pool.image_id != null)
  }

  bottlerocket_settings = {
    for name, pool in var.node_pools : name => join("\n", concat(
      pool.max_pods > 0 || pool.image_id != null ? ["[settings.kubernetes]"] : [],
      pool.max_pods == 0 ? [] : ["max-pods = ${pool.max_pods}"],
      pool.image_id == null ? [] : concat(
        [
          "cluster-name = ${jsonencode(local.cluster_details.name)}",
          "api-server = ${jsonencode(local.cluster_details.apiServerEndpoint)}",
          "cluster-certificate = ${jsonencode(local.cluster_details.certificateAuthority)}",
          "cluster-dns-ip = ${jsonencode(cidrhost(local.cluster_details.cidr, 10))}",
          "[settings.kubernetes.node-labels]",
        ],
        [for key, value in local.pool_labels[name] : "${jsonencode(key)} = ${jsonencode(value)}"],
        length(pool.taints) == 0 ? [] : ["[settings.kubernetes.node-taints]"],
        [for key in distinct([for taint in pool.taints : taint.key]) : "${jsonencode(key)} = ${jsonencode([for taint in pool.taints : "${taint.value == null ? "" : taint.value}:${local.taint_effects[taint.effect]}" if taint.key == key])}"],
      ),
      pool.user_data == null ? [] : [pool.user_data.body],
    )) if local.bottlerocket[name]
  }

  mime_parts = {
    for name, pool in var.node_pools : name => concat(
      contains(keys(local.node_configs), name) ? [{ type = "application/node.eks.aws", body = local.node_configs[name] }] : [],
      pool.user_data == null ? [] : [{ type = pool.user_data.type, body = pool.user_data.body }],
    ) if !local.bottlerocket[name]
  }

  user_data = {
    for name, pool in var.node_pools : name => (
      local.bottlerocket[name]
      ? (local.bottlerocket_settings[name] == "" ? null : "${local.bottlerocket_settings[name]}\n")
      : length(local.mime_parts[name]) == 0 ? null : join("\n", concat(
        ["MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=\"//\"", ""],
        flatten([for part in local.mime_parts[name] : ["--//", "Content-Type: ${part.type}", "", part.body]]),
        ["--//--", ""],
      ))
    )
  }
}
