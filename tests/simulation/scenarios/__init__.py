"""Says what happens in each seed."""
