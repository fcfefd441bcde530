"""Tests of the sandbox's load generator."""
