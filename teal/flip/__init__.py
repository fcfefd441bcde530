"""A flip of live traffic, from its proof to its end: who owns it, what is watched, and how it is undone."""
