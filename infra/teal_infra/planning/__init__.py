"""From the config and the live state to what an update will do, and what is refused. It declares nothing."""
