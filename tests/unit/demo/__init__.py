"""Tests of the demo, as far as they need no cluster."""
