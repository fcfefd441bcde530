"""The stacks of examples/, on a sandbox cluster."""
