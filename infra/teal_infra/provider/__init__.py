"""What Pulumi's Kubernetes provider is given: thin kinds of objects, one owner's name, and merged pod templates."""
