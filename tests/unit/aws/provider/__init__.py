"""Here the stand-in `aws` provider is asked through Pulumi's protocol."""
