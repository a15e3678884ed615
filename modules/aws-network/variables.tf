variable "name" {
  description = "Name of the network; everything made here is called after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name must be 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."
  }
}

variable "region" {
  description = "Region of the network. The provider must be set to the same one."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$", var.region))
    error_message = "The region must be a name such as eu-central-1."
  }
}

variable "cidr" {
  description = "Addresses of the network, from /16 to /28."
  type        = string
  nullable    = false

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && try(cidrsubnet(var.cidr, 0, 0) == var.cidr, false)
    error_message = "The range must be IPv4 in CIDR notation with no bit set behind the prefix, such as 10.0.0.0/16."
  }

  validation {
    condition     = try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 28, false)
    error_message = "AWS takes networks from /16 to /28."
  }
}

variable "additional_cidrs" {
  description = "Further ranges of addresses of the network, at most four."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.additional_cidrs) <= 4 && length(distinct(var.additional_cidrs)) == length(var.additional_cidrs)
    error_message = "AWS takes four further ranges, each once."
  }

  validation {
    condition = alltrue([
      for range in var.additional_cidrs :
      try(cidrsubnet(range, 0, 0) == range && tonumber(split("/", range)[1]) >= 16 && tonumber(split("/", range)[1]) <= 28, false)
    ])
    error_message = "Each further range must be IPv4 in CIDR notation, from /16 to /28, such as 100.64.0.0/16."
  }
}

variable "availability_zones" {
  description = "Zones of the subnets, in the order of public_subnets and private_subnets."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.availability_zones) >= 1 && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "At least one zone is needed, and each only once."
  }

  validation {
    condition     = alltrue([for zone in var.availability_zones : startswith(zone, var.region)])
    error_message = "Each zone must lie in the region."
  }
}

variable "public_subnets" {
  description = "Ranges of the public subnets, one for each zone in its order; none: the network has no way to the internet."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = contains([0, length(var.availability_zones)], length(var.public_subnets))
    error_message = "There must be one public subnet for each zone, or none at all."
  }

  validation {
    condition = alltrue([
      for range in var.public_subnets :
      try(cidrsubnet(range, 0, 0) == range && tonumber(split("/", range)[1]) >= 16 && tonumber(split("/", range)[1]) <= 28, false)
    ])
    error_message = "Each subnet must be IPv4 in CIDR notation, from /16 to /28, such as 10.0.0.0/20."
  }
}

variable "private_subnets" {
  description = "Ranges of the private subnets, one for each zone in its order; none: there are only public ones."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = contains([0, length(var.availability_zones)], length(var.private_subnets))
    error_message = "There must be one private subnet for each zone, or none at all."
  }

  validation {
    condition = alltrue([
      for range in var.private_subnets :
      try(cidrsubnet(range, 0, 0) == range && tonumber(split("/", range)[1]) >= 16 && tonumber(split("/", range)[1]) <= 28, false)
    ])
    error_message = "Each subnet must be IPv4 in CIDR notation, from /16 to /28, such as 10.0.128.0/20."
  }
}

variable "nat_gateways" {
  description = "How private subnets reach the internet: none, single (one gateway, lost with its zone) or per_zone."
  type        = string
  default     = "single"
  nullable    = false

  validation {
    condition     = contains(["none", "single", "per_zone"], var.nat_gateways)
    error_message = "NAT gateways must be none, single or per_zone."
  }

  validation {
    condition     = var.nat_gateways == "none" || length(var.public_subnets) > 0
    error_message = "A NAT gateway stands in a public subnet: give public_subnets, or set nat_gateways to none."
  }
}

variable "cluster_names" {
  description = "Kubernetes clusters that stand in the network; the subnets carry their names for load balancers."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "public_subnet_tags" {
  description = "Further tags of the public subnets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "private_subnet_tags" {
  description = "Further tags of the private subnets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "gateway_endpoints" {
  description = "Services reached through a gateway endpoint, which costs nothing: s3, dynamodb."
  type        = set(string)
  default     = ["s3"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.gateway_endpoints, ["s3", "dynamodb"])) == 0
    error_message = "Only s3 and dynamodb have gateway endpoints; for any other use interface_endpoints."
  }
}

variable "interface_endpoints" {
  description = "Services reached through an interface endpoint in the private subnets, such as ecr.api; each has an hourly price in every zone."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for service in var.interface_endpoints : can(regex("^[a-z0-9][a-z0-9.-]*$", service))])
    error_message = "A service must be the last part of its endpoint's name, such as ecr.api."
  }

  validation {
    condition     = length(setintersection(var.interface_endpoints, ["s3", "dynamodb"])) == 0
    error_message = "Use gateway_endpoints for s3 and dynamodb."
  }

  validation {
    condition     = length(var.interface_endpoints) == 0 || length(var.private_subnets) > 0
    error_message = "Interface endpoints stand in the private subnets: give private_subnets."
  }
}

variable "flow_logs" {
  description = "Records of the traffic: destination cloud_watch (kept retention_days, 0 for ever) or s3 (bucket_arn). Null: none."
  type = object({
    destination          = optional(string, "cloud_watch")
    bucket_arn           = optional(string)
    traffic              = optional(string, "ALL")
    retention_days       = optional(number, 90)
    aggregation_interval = optional(number, 600)
    kms_key_arn          = optional(string)
  })
  default = null

  validation {
    condition     = var.flow_logs == null ? true : contains(["cloud_watch", "s3"], var.flow_logs.destination)
    error_message = "The destination of flow logs must be cloud_watch or s3."
  }

  validation {
    condition     = var.flow_logs == null ? true : (var.flow_logs.destination == "s3") == (var.flow_logs.bucket_arn != null)
    error_message = "Flow logs need bucket_arn with the destination s3, and only with it."
  }

  validation {
    condition     = var.flow_logs == null ? true : contains(["ALL", "ACCEPT", "REJECT"], var.flow_logs.traffic)
    error_message = "The traffic of flow logs must be ALL, ACCEPT or REJECT."
  }

  validation {
    condition = var.flow_logs == null ? true : contains(
      [0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.flow_logs.retention_days,
    )
    error_message = "The retention of flow logs must be a number of days that CloudWatch knows, such as 30, 90 or 365; 0 is for ever."
  }

  validation {
    condition     = var.flow_logs == null ? true : contains([60, 600], var.flow_logs.aggregation_interval)
    error_message = "Flow logs are gathered over 60 or 600 seconds."
  }
}

variable "vpn_identity" {
  description = <<-EOT
    Bucket and keys in which VPN hosts find what they are: CA certificate, server key, revocation list, users. Null: none.
    Hosts never read what lies under authority_prefix: it has a key of its own, and the bucket refuses them.
    host_role_name is the role that the hosts will have; it need not exist yet.
  EOT
  type = object({
    bucket_name       = string
    host_role_name    = string
    authority_prefix  = optional(string, "authority/")
    force_destroy     = optional(bool, false)
    old_version_days  = optional(number, 365)
    key_deletion_days = optional(number, 30)
  })
  default = null

  validation {
    condition     = var.vpn_identity == null ? true : can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.vpn_identity.bucket_name))
    error_message = "The bucket's name must be 3 to 63 lower-case letters, digits and hyphens."
  }

  validation {
    condition     = var.vpn_identity == null ? true : can(regex("^[A-Za-z0-9_-]{1,64}$", var.vpn_identity.host_role_name))
    error_message = "The role's name must be 1 to 64 letters, digits, hyphens and underscores."
  }

  validation {
    condition     = var.vpn_identity == null ? true : can(regex("^[a-z0-9-]+/$", var.vpn_identity.authority_prefix))
    error_message = "The prefix must be one word and end with a slash, such as authority/."
  }

  validation {
    condition     = var.vpn_identity == null ? true : var.vpn_identity.old_version_days >= 1 && var.vpn_identity.key_deletion_days >= 7 && var.vpn_identity.key_deletion_days <= 30
    error_message = "Old versions are kept for at least one day, and a key waits 7 to 30 days before it is deleted."
  }
}

variable "tags" {
  description = "Tags of everything that is made."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:") && length(key) <= 128])
    error_message = "The key of a tag has at most 128 characters and must not begin with aws:."
  }
}
