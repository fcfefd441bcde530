"""What an update will do, in one word with its reasons, decided before it does anything."""
