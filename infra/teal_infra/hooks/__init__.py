"""Provides resource hooks, which check what has to be true before the engine writes."""
