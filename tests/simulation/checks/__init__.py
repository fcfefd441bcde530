"""Checks what has to hold at every step, and at rest (docs/invariants.md)."""
