"""The load balancers of the sandbox's AWS: HAProxy, kept as moto's state says."""
