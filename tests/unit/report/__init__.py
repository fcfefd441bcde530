"""Tests of the sandbox's report."""
