# What `router: alb` makes at AWS for a flip, by Terraform: both groups of each service attached, and one weighted rule.
# The credentials and the endpoint are the environment's.
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

provider "aws" {
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

variable "vpc" { type = string }
variable "subnets" { type = list(string) }
variable "services" { type = map(number) } # priority of each one's rule
variable "active" { type = string }

locals {
  groups = { for each in setproduct(keys(var.services), ["blue", "green"]) : join("-", each) => each }
}

resource "aws_lb" "balancer" {
  name_prefix = "bench-"
  internal    = true
  subnets     = var.subnets
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.balancer.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "fixed-response"
    fixed_response {
      content_type = "text/plain"
      status_code  = "404"
    }
  }
}

resource "aws_lb_target_group" "colour" {
  for_each    = local.groups
  target_type = "ip"
  port        = 8000
  protocol    = "HTTP"
  vpc_id      = var.vpc
}

resource "aws_lb_listener_rule" "live" {
  for_each     = var.services
  listener_arn = aws_lb_listener.http.arn
  priority     = each.value
  condition {
    host_header { values = ["${each.key}.teal.example"] }
  }
  action {
    type = "forward"
    forward {
      dynamic "target_group" {
        for_each = ["blue", "green"]
        content {
          arn    = aws_lb_target_group.colour["${each.key}-${target_group.value}"].arn
          weight = target_group.value == var.active ? 100 : 0
        }
      }
    }
  }
}
