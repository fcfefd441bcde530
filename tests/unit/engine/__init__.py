"""The embedded engine: what it plans, does, records and prints."""
