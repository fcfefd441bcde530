"""What runs in the cluster: its daemons, what they are told, and the supervisor that keeps them running."""
