variable "name" {
  description = "Name of the cluster; everything made here is called after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name must be 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."
  }
}

variable "region" {
  description = "Region of the cluster. The provider must be set to the same one."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$", var.region))
    error_message = "The region must be a name such as eu-central-1."
  }
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes, as text: \"1.34\". EKS goes up one minor version at a time, and never down."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^1\\.[1-9][0-9]$", var.kubernetes_version))
    error_message = "The version must be a minor version in quotes, such as \"1.34\"."
  }
}

variable "support_type" {
  description = "STANDARD: AWS upgrades the cluster when standard support of its version ends. EXTENDED: it stays, at a higher price."
  type        = string
  default     = "STANDARD"
  nullable    = false

  validation {
    condition     = contains(["STANDARD", "EXTENDED"], var.support_type)
    error_message = "The support type must be STANDARD or EXTENDED."
  }
}

variable "vpc_id" {
  description = "VPC of the cluster."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "The VPC must be given by its id, such as vpc-0123456789abcdef0."
  }
}

variable "subnet_ids" {
  description = "Private subnets in at least two zones: the control plane's interfaces stand there, and nodes whose pool names none."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(distinct(var.subnet_ids)) >= 2 && length(distinct(var.subnet_ids)) == length(var.subnet_ids)
    error_message = "EKS needs at least two subnets, in different zones, and each only once."
  }
}

variable "service_cidr" {
  description = "Addresses of Kubernetes services, from /12 to /24; null: EKS chooses. It cannot be changed later."
  type        = string
  default     = null

  validation {
    condition = var.service_cidr == null ? true : try(
      cidrsubnet(var.service_cidr, 0, 0) == var.service_cidr
      && tonumber(split("/", var.service_cidr)[1]) >= 12
      && tonumber(split("/", var.service_cidr)[1]) <= 24,
    false)
    error_message = "The range must be IPv4 in CIDR notation, from /12 to /24, such as 172.20.0.0/16."
  }
}

variable "endpoint_private_access" {
  description = "Whether the API answers inside the VPC."
  type        = bool
  default     = true
  nullable    = false
}

variable "endpoint_public_access" {
  description = "Whether the API answers on the internet too, for public_access_cidrs."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = var.endpoint_public_access || var.endpoint_private_access
    error_message = "The API must answer somewhere: privately, publicly or both."
  }
}

variable "public_access_cidrs" {
  description = "From where the public API is let in."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.public_access_cidrs : try(cidrsubnet(range, 0, 0) == range, false)])
    error_message = "Each range must be in CIDR notation with no bit set behind the prefix, such as 203.0.113.0/24."
  }

  validation {
    condition     = var.endpoint_public_access == (length(var.public_access_cidrs) > 0)
    error_message = "Say from where the public API is let in, and only when there is one."
  }
}

variable "dmz_cidrs" {
  description = "From where the private API (443) and SSH on the nodes (22, with ssh_public_key) are let in, such as the VPC with its VPN hosts."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.dmz_cidrs : try(cidrsubnet(range, 0, 0) == range, false)])
    error_message = "Each range must be in CIDR notation with no bit set behind the prefix, such as 10.0.0.0/16."
  }
}

variable "authentication_mode" {
  description = "API: access entries alone. API_AND_CONFIG_MAP: the ConfigMap kube-system/aws-auth too, for what was written for it. There is no way back to the ConfigMap."
  type        = string
  default     = "API"
  nullable    = false

  validation {
    condition     = contains(["API", "API_AND_CONFIG_MAP"], var.authentication_mode)
    error_message = "The authentication mode must be API or API_AND_CONFIG_MAP."
  }
}

variable "creator_is_admin" {
  description = "Whether the identity that makes the cluster administers it. It cannot be changed later."
  type        = bool
  default     = true
  nullable    = false
}

variable "access_entries" {
  description = "Who may use the cluster, by a name of yours: an IAM role or user, with Kubernetes groups, access policies of EKS, or both."
  type = map(object({
    principal_arn     = string
    username          = optional(string)
    kubernetes_groups = optional(set(string), [])
    policies = optional(map(object({
      policy     = string
      namespaces = optional(set(string), [])
    })), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for entry in var.access_entries : can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", entry.principal_arn))])
    error_message = "Each principal must be the ARN of an IAM role or user."
  }

  validation {
    condition     = length(distinct([for entry in var.access_entries : entry.principal_arn])) == length(var.access_entries)
    error_message = "A principal can have only one access entry."
  }

  validation {
    condition     = alltrue(flatten([for entry in var.access_entries : [for group in entry.kubernetes_groups : !can(regex("^(system|eks|aws|amazon|iam):", group))]]))
    error_message = "EKS takes no groups that begin with system:, eks:, aws:, amazon: or iam:. For system:masters use the policy AmazonEKSClusterAdminPolicy."
  }

  validation {
    condition     = alltrue(flatten([for entry in var.access_entries : [for policy in values(entry.policies) : can(regex("^(arn:aws[a-z-]*:eks::aws:cluster-access-policy/)?AmazonEKS[A-Za-z]+$", policy.policy))]]))
    error_message = "Each policy must be one of EKS, such as AmazonEKSViewPolicy."
  }
}

variable "log_types" {
  description = "Logs of the control plane that CloudWatch keeps."
  type        = set(string)
  default     = ["api", "audit", "authenticator", "controllerManager", "scheduler"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.log_types, ["api", "audit", "authenticator", "controllerManager", "scheduler"])) == 0
    error_message = "The logs are api, audit, authenticator, controllerManager and scheduler."
  }
}

variable "log_retention_days" {
  description = "How long CloudWatch keeps them; 0 is for ever."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition = contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = "The retention must be a number of days that CloudWatch knows, such as 30, 90 or 365; 0 is for ever."
  }
}

variable "log_kms_key_arn" {
  description = "Key that encrypts the logs; null: CloudWatch's own."
  type        = string
  default     = null
}

variable "secrets_encryption" {
  description = "Envelope encryption of Kubernetes secrets: with the key of kms_key_arn, else with one made here. Once on, it cannot be turned off."
  type = object({
    enabled                 = optional(bool, true)
    kms_key_arn             = optional(string)
    deletion_window_in_days = optional(number, 30)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.secrets_encryption.deletion_window_in_days >= 7 && var.secrets_encryption.deletion_window_in_days <= 30
    error_message = "A key waits 7 to 30 days before it is deleted."
  }

  validation {
    condition     = var.secrets_encryption.enabled || var.secrets_encryption.kms_key_arn == null
    error_message = "A key was given, but encryption is off."
  }
}

variable "irsa" {
  description = "Whether IAM trusts the cluster's service accounts (an OpenID Connect provider)."
  type        = bool
  default     = true
  nullable    = false
}

variable "pod_identities" {
  description = "IAM roles of service accounts by pod identity, by a name of yours. The role must trust pods.eks.amazonaws.com."
  type = map(object({
    namespace       = string
    service_account = string
    role_arn        = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = length(var.pod_identities) == 0 || contains(keys(var.addons), "eks-pod-identity-agent")
    error_message = "Pod identities need the add-on eks-pod-identity-agent."
  }
}

variable "addons" {
  description = <<-EOT
    EKS add-ons by name. version null: the default of the cluster's version, so that an upgrade of the cluster upgrades them.
    configuration is the add-on's own, as JSON. aws-ebs-csi-driver gets a role made here unless it names one.
    vpc-cni, kube-proxy and eks-pod-identity-agent come before the nodes; the others after them, and only when there is a pool.
  EOT
  type = map(object({
    version           = optional(string)
    configuration     = optional(string)
    role_arn          = optional(string)
    resolve_conflicts = optional(string, "OVERWRITE")
    preserve          = optional(bool, false)
  }))
  default = {
    vpc-cni                = {}
    kube-proxy             = {}
    coredns                = {}
    eks-pod-identity-agent = {}
    aws-ebs-csi-driver     = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for addon in values(var.addons) : addon.configuration == null ? true : can(jsondecode(addon.configuration))])
    error_message = "The configuration of an add-on must be JSON."
  }

  validation {
    condition     = alltrue([for addon in values(var.addons) : contains(["OVERWRITE", "PRESERVE", "NONE"], addon.resolve_conflicts)])
    error_message = "Conflicts are resolved by OVERWRITE, PRESERVE or NONE."
  }

  validation {
    condition     = !contains(keys(var.addons), "aws-ebs-csi-driver") || contains(keys(var.addons), "eks-pod-identity-agent") || try(var.addons["aws-ebs-csi-driver"].role_arn, null) != null
    error_message = "aws-ebs-csi-driver gets its role by pod identity: add eks-pod-identity-agent, or name a role that trusts the cluster's OpenID Connect provider."
  }
}

variable "ssh_public_key" {
  description = "Public key of the user that the nodes' image knows, for SSH from dmz_cidrs; null: no SSH."
  type        = string
  default     = null

  validation {
    condition     = var.ssh_public_key == null ? true : can(regex("^(ssh-ed25519|ssh-rsa) [A-Za-z0-9+/]+=*( .*)?$", trimspace(var.ssh_public_key)))
    error_message = "EC2 takes one line of an OpenSSH public key, ssh-ed25519 or ssh-rsa."
  }
}

variable "node_pools" {
  description = <<-EOT
    Pools of nodes by name, each a managed node group with a launch template of its own.
    kubernetes_version: null follows the cluster; else not newer than it and at most three minor versions older.
    desired_size is where the pool begins; afterwards whatever scales it decides, within min_size and max_size.
    capacity is ON_DEMAND or SPOT. ami_type is one of EKS; image_id is an AMI of your own of that kind, which the pool then bootstraps itself.
    max_pods 0: what the instance type allows. volume_size is that of the data volume on Bottlerocket.
    firewall_rules stand in a security group of the pool's own; from and to are ports, or ICMP type and code.
    user_data is added to what the image's bootstrap gets: one more MIME part for AL2023 as {type, body}, TOML for Bottlerocket as {body}.
  EOT
  type = map(object({
    min_size           = number
    max_size           = number
    desired_size       = optional(number)
    instance_types     = list(string)
    capacity           = optional(string, "ON_DEMAND")
    kubernetes_version = optional(string)
    release_version    = optional(string)
    ami_type           = optional(string, "AL2023_x86_64_STANDARD")
    image_id           = optional(string)
    volume_size        = optional(number, 50)
    volume_type        = optional(string, "gp3")
    volume_iops        = optional(number)
    volume_throughput  = optional(number)
    volume_kms_key_arn = optional(string)
    max_pods           = optional(number, 0)
    subnet_ids         = optional(list(string), [])
    target_group_arns  = optional(list(string), [])
    security_group_ids = optional(list(string), [])
    labels             = optional(map(string), {})
    taints = optional(list(object({
      key    = string
      value  = optional(string)
      effect = string
    })), [])
    firewall_rules = optional(map(object({
      direction                = optional(string, "ingress")
      protocol                 = optional(string, "tcp")
      from                     = optional(number)
      to                       = optional(number)
      cidrs                    = optional(set(string), [])
      self                     = optional(bool, false)
      source_security_group_id = optional(string)
      tags                     = optional(map(string), {})
    })), {})
    metadata_hop_limit  = optional(number, 1)
    metadata_tokens     = optional(string, "required")
    metadata_endpoint   = optional(string, "enabled")
    monitoring          = optional(bool, false)
    max_unavailable     = optional(number)
    max_unavailable_pct = optional(number)
    force_update        = optional(bool, false)
    user_data = optional(object({
      type = optional(string, "text/x-shellscript")
      body = string
    }))
    tags = optional(map(string), {})
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.node_pools) : can(regex("^[a-z0-9]([a-z0-9-]{0,52}[a-z0-9])?$", name))])
    error_message = "The name of a pool must be 1 to 54 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.min_size >= 0 && pool.max_size >= 1 && pool.min_size <= pool.max_size])
    error_message = "A pool needs 0 <= min_size <= max_size, and max_size of at least 1."
  }

  validation {
    condition = alltrue([
      for pool in values(var.node_pools) :
      pool.desired_size == null ? true : pool.desired_size >= pool.min_size && pool.desired_size <= pool.max_size
    ])
    error_message = "The desired size of a pool must lie from min_size to max_size."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : length(pool.instance_types) >= 1 && alltrue([for type in pool.instance_types : can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", type))])])
    error_message = "A pool needs at least one instance type, such as m6i.large."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : contains(["ON_DEMAND", "SPOT"], pool.capacity)])
    error_message = "The capacity of a pool must be ON_DEMAND or SPOT."
  }

  validation {
    condition = alltrue([
      for pool in values(var.node_pools) :
      can(regex("^(AL2023_(x86_64|ARM_64)_(STANDARD|NVIDIA)|AL2023_x86_64_NEURON|BOTTLEROCKET_(x86_64|ARM_64)(_FIPS|_NVIDIA)?)$", pool.ami_type))
    ])
    error_message = "The AMI type of a pool must be one of EKS for Amazon Linux 2023 or Bottlerocket, such as AL2023_x86_64_STANDARD."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.image_id == null ? true : can(regex("^ami-[0-9a-f]+$", pool.image_id)) && pool.release_version == null])
    error_message = "An image must be given by its id, such as ami-0123456789abcdef0, and then without release_version."
  }

  validation {
    condition = alltrue([
      for pool in values(var.node_pools) :
      pool.kubernetes_version == null ? true : try(
        tonumber(split(".", pool.kubernetes_version)[1]) <= tonumber(split(".", var.kubernetes_version)[1])
        && tonumber(split(".", pool.kubernetes_version)[1]) >= tonumber(split(".", var.kubernetes_version)[1]) - 3,
      false)
    ])
    error_message = "The version of a pool must be a minor version in quotes, not newer than the cluster's and at most three minor versions older: upgrade the cluster first, then its pools."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.volume_size >= 20 && pool.volume_size <= 16384 && contains(["gp3", "gp2", "io1", "io2"], pool.volume_type)])
    error_message = "A volume has 20 to 16384 GB, and the type gp3, gp2, io1 or io2."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.max_pods >= 0 && pool.max_pods <= 737])
    error_message = "The number of pods on a node must be from 1 to 737, or 0 for what the instance type allows."
  }

  validation {
    condition     = alltrue(flatten([for pool in values(var.node_pools) : [for taint in pool.taints : contains(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], taint.effect)]]))
    error_message = "The effect of a taint must be NO_SCHEDULE, NO_EXECUTE or PREFER_NO_SCHEDULE."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.node_pools) : [
        for rule in values(pool.firewall_rules) :
        contains(["ingress", "egress"], rule.direction) && contains(["tcp", "udp", "icmp", "-1"], rule.protocol) && (rule.protocol == "-1") == (rule.from == null && rule.to == null)
      ]
    ]))
    error_message = "A firewall rule is ingress or egress, and for tcp, udp or icmp with from and to, or for all protocols (-1) without."
  }

  validation {
    condition = alltrue(flatten([
      for pool in values(var.node_pools) : [
        for rule in values(pool.firewall_rules) :
        length([for given in [length(rule.cidrs) > 0, rule.self, rule.source_security_group_id != null] : given if given]) == 1
      ]
    ]))
    error_message = "A firewall rule needs exactly one of cidrs, self and source_security_group_id."
  }

  validation {
    condition     = alltrue([for pool in values(var.node_pools) : pool.max_unavailable == null || pool.max_unavailable_pct == null])
    error_message = "Give either max_unavailable or max_unavailable_pct."
  }

  validation {
    condition = alltrue([
      for pool in values(var.node_pools) :
      contains(["required", "optional"], pool.metadata_tokens) && contains(["enabled", "disabled"], pool.metadata_endpoint) && pool.metadata_hop_limit >= 1 && pool.metadata_hop_limit <= 64
    ])
    error_message = "Instance metadata: tokens required or optional, endpoint enabled or disabled, hop limit from 1 to 64."
  }
}

variable "node_role_policy_arns" {
  description = "Further policies of the nodes' role, by a name of yours."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the roles made here; null: none."
  type        = string
  default     = null
}

variable "deletion_protection" {
  description = "Whether EKS refuses to delete the cluster until this is turned off."
  type        = bool
  default     = false
  nullable    = false
}

variable "tags" {
  description = "Tags of everything that is made, the nodes and their volumes too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:") && length(key) <= 128])
    error_message = "The key of a tag has at most 128 characters and must not begin with aws:."
  }
}
