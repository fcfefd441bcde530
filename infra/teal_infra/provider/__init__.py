"""What Pulumi's Kubernetes provider is given: thin kinds of objects, one owner's name, and pod templates as merged."""
