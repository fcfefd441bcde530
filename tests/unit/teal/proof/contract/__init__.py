"""Comparing the colours' APIs."""
