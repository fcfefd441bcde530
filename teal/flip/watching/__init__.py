"""Watches a flip: whether the data path has followed, what was seen, and how the bake judges that."""
