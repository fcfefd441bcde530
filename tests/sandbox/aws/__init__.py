"""The sandbox's AWS with a cluster behind it."""
