"""What a team installs, and what it imports of it."""
