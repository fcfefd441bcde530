"""A flip of live traffic, from its proof to its end: who owns it, what it watches, and how it is undone."""
