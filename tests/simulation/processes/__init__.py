"""Plays the processes of an update and of those beside it."""
