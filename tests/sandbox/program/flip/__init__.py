"""A flip: what it does, and what has to be proven before it."""
