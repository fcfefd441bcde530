"""Schema migrations on a sandbox cluster, against its PostgreSQL."""
