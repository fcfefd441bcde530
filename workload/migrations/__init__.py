"""The reference service's schema, as expand-and-contract migrations, and the tool that runs them (docs/migrations.md).

The service itself does without a database; what is migrated here is there to be rehearsed with.
"""
