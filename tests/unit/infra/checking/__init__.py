"""`teal check`."""
