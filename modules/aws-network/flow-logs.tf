# Records of the traffic, in CloudWatch or in a bucket of the caller's.

locals {
  flow_logs_to_cloud_watch = var.flow_logs == null ? false : var.flow_logs.destination == "cloud_watch"
}

resource "aws_cloudwatch_log_group" "flow_logs" {
  count = local.flow_logs_to_cloud_watch ? 1 : 0

  name              = "/aws/vpc/${var.name}/flow-logs"
  retention_in_days = var.flow_logs.retention_days
  kms_key_id        = var.flow_logs.kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "flow_logs" {
  count = local.flow_logs_to_cloud_watch ? 1 : 0

  name        = "${local.iam_name}-flow"
  description = "Writes the flow logs of the network ${var.name}"
  tags        = var.tags
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "vpc-flow-logs.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "flow_logs" {
  count = local.flow_logs_to_cloud_watch ? 1 : 0

  name = "write"
  role = aws_iam_role.flow_logs[0].name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
      Resource = ["${aws_cloudwatch_log_group.flow_logs[0].arn}:*"]
      }, {
      Effect   = "Allow"
      Action   = ["logs:DescribeLogGroups"]
      Resource = ["*"]
    }]
  })
}

resource "aws_flow_log" "this" {
  count = var.flow_logs == null ? 0 : 1

  vpc_id                   = aws_vpc.this.id
  traffic_type             = var.flow_logs.traffic
  log_destination_type     = local.flow_logs_to_cloud_watch ? "cloud-watch-logs" : "s3"
  log_destination          = local.flow_logs_to_cloud_watch ? aws_cloudwatch_log_group.flow_logs[0].arn : var.flow_logs.bucket_arn
  iam_role_arn             = local.flow_logs_to_cloud_watch ? aws_iam_role.flow_logs[0].arn : null
  max_aggregation_interval = var.flow_logs.aggregation_interval
  tags                     = merge(var.tags, { Name = var.name })

  depends_on = [aws_iam_role_policy.flow_logs]
}
