"""A stack says these things of one service."""
