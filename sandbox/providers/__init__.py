"""The stand-in for Pulumi's `aws` provider (`aws`), and what it needs of the protocol between engine and provider.

Pulumi's engine finds it as `pulumi-resource-aws` on PATH and starts it as a process of its own, as it does Pulumi's own
provider, which is in no package registry. Nothing here is of teal.
"""
