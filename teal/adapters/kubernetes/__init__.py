"""The adapter to the Kubernetes API: objects, pods through the API server's proxy, watches, forwarded ports."""
