"""What a flip is watched by, and how a bake judges it."""
