"""Tests of sandbox.engine: project and stack files, secrets, checkpoints, where they are kept."""
