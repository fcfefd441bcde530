"""Settings of who reaches a service, and what it reaches."""
