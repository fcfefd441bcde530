"""Prometheus for the sandbox, compiled from its Go module: Debian's is built without Kubernetes discovery."""
