"""The way back of a bake that failed."""
