"""Checks of a colour: what is judged, and how it is told."""
