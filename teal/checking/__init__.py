"""Checks a colour without anything being moved: its objects, its gates, its doors, its use, and some load."""
