"""Schema migrations beside a flip: which may run when, and that a release is gone before its schema changes."""
