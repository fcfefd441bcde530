"""Adapters to other systems. Each asks one system over its protocol and returns the answer; none decides."""
