"""Backing services that the sandbox has for real: a PostgreSQL to migrate. Not for production, not tuned, not kept."""
