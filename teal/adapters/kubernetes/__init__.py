"""The Kubernetes API: objects, pods through the API server's proxy, watches, forwarded ports."""
