"""Settings of the proof: gates, and the numbers that they and the bake judge."""
