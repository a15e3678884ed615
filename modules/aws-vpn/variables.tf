variable "name" {
  description = "Name of the VPN; everything made here is called after it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name must be 1 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."
  }
}

variable "region" {
  description = "Region of the hosts. The provider must be set to the same one."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$", var.region))
    error_message = "The region must be a name such as eu-central-1."
  }
}

variable "vpc_id" {
  description = "VPC of the hosts."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^vpc-[0-9a-f]+$", var.vpc_id))
    error_message = "The VPC must be given by its id, such as vpc-0123456789abcdef0."
  }
}

variable "public_subnet_ids" {
  description = "Public subnets, one in each zone. Each host has its own share of them, and comes back in any of its share."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.public_subnet_ids) >= 1 && length(distinct(var.public_subnet_ids)) == length(var.public_subnet_ids)
    error_message = "At least one public subnet is needed, and each only once."
  }
}

variable "hosts" {
  description = "Number of hosts, each with an address of its own."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.hosts >= 0 && var.hosts <= 9 && floor(var.hosts) == var.hosts
    error_message = "There can be 0 to 9 hosts."
  }
}

variable "user_data" {
  description = <<-EOT
    What a host does at its first boot (cloud-init): it must restore the identity from the bucket and take its fixed address.
    @@BUCKET@@, @@REGION@@, @@HOST@@ and @@ALLOCATION_ID@@ are put in for each host. At most 16 KiB.
    Never a secret: anyone who may describe instances reads it.
  EOT
  type        = string
  nullable    = false

  validation {
    condition     = length(var.user_data) > 0 && length(base64encode(var.user_data)) <= 21848
    error_message = "User data must not be empty and has at most 16 KiB."
  }
}

variable "port" {
  description = "Port of the VPN."
  type        = number
  default     = 1194
  nullable    = false

  validation {
    condition     = var.port >= 1 && var.port <= 65535 && var.port != 22
    error_message = "The port must be from 1 to 65535 and not 22."
  }
}

variable "protocol" {
  description = "Transport of the VPN: udp or tcp."
  type        = string
  default     = "udp"
  nullable    = false

  validation {
    condition     = contains(["udp", "tcp"], var.protocol)
    error_message = "The protocol must be udp or tcp."
  }
}

variable "client_source_cidrs" {
  description = "From where VPN clients are let in."
  type        = set(string)
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for range in var.client_source_cidrs : try(cidrsubnet(range, 0, 0) == range, false)])
    error_message = "Each range must be in CIDR notation with no bit set behind the prefix, such as 203.0.113.0/24."
  }
}

variable "operator_cidrs" {
  description = "From where SSH to the hosts is let in; none: from nowhere."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for range in var.operator_cidrs : try(cidrsubnet(range, 0, 0) == range, false)])
    error_message = "Each range must be in CIDR notation with no bit set behind the prefix, such as 203.0.113.0/24."
  }
}

variable "instance_type" {
  description = "Type of the hosts."
  type        = string
  default     = "t3.micro"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9-]+\\.[a-z0-9-]+$", var.instance_type))
    error_message = "The instance type must be a name such as t3.micro."
  }
}

variable "image_id" {
  description = "AMI of the hosts; null: that of image_parameter at the moment a host is launched, so that a newer one never replaces a running host."
  type        = string
  default     = null

  validation {
    condition     = var.image_id == null ? true : can(regex("^ami-[0-9a-f]+$", var.image_id))
    error_message = "The image must be given by its id, such as ami-0123456789abcdef0."
  }
}

variable "image_parameter" {
  description = "Public parameter of Systems Manager that names the AMI when image_id is null; its architecture must be that of instance_type."
  type        = string
  default     = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
  nullable    = false

  validation {
    condition     = can(regex("^/[A-Za-z0-9_./-]+$", var.image_parameter))
    error_message = "The parameter must be a path, such as /aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id."
  }
}

variable "root_device_name" {
  description = "Name of the image's root device."
  type        = string
  default     = "/dev/sda1"
  nullable    = false

  validation {
    condition     = startswith(var.root_device_name, "/dev/")
    error_message = "The root device must be a path under /dev, such as /dev/sda1."
  }
}

variable "disk_size" {
  description = "Size of the encrypted root volume in GB."
  type        = number
  default     = 50
  nullable    = false

  validation {
    condition     = var.disk_size >= 8 && var.disk_size <= 16384 && floor(var.disk_size) == var.disk_size
    error_message = "The disk must have 8 to 16384 GB."
  }
}

variable "disk_kms_key_arn" {
  description = "Key that encrypts the root volume; null: the account's own key for volumes."
  type        = string
  default     = null
}

variable "role_name" {
  description = "Name of the hosts' role, as the identity bucket's policy knows it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.role_name))
    error_message = "The role's name must be 1 to 64 letters, digits, hyphens and underscores."
  }
}

variable "permissions_boundary_arn" {
  description = "Permissions boundary of the role; null: none."
  type        = string
  default     = null
}

variable "identity" {
  description = "Bucket of the VPN's identity (output vpn_identity of aws-network): hosts read below read_prefix and write below report_prefix."
  type = object({
    bucket        = string
    host_key_arn  = string
    read_prefix   = optional(string, "hosts/")
    report_prefix = optional(string, "reports/")
  })
  nullable = false

  validation {
    condition     = alltrue([for prefix in [var.identity.read_prefix, var.identity.report_prefix] : can(regex("^[a-z0-9-]+(/[a-z0-9-]+)*/$", prefix))])
    error_message = "Each prefix must end with a slash, such as hosts/."
  }
}

variable "tags" {
  description = "Tags of everything that is made, the instances and their volumes too."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(lower(key), "aws:") && length(key) <= 128])
    error_message = "The key of a tag has at most 128 characters and must not begin with aws:."
  }
}
