"""Tests; pytest imports them by their full name."""
