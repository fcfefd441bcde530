"""Decides from the config and the live state what an update will do, and what is refused. It declares nothing."""
