"""Tests of examples/ that need no cluster."""
