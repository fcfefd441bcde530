"""Resource hooks: what has to be true before the engine writes."""
