"""Notifies people and machines of flips: who is told of what, in which words, and what was told already."""
