"""The sandbox's AWS: its provider, its strictness, its data path."""
