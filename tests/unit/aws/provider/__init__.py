"""The stand-in `aws` provider."""
