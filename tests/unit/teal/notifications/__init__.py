"""Tests of what people and machines are told of flips."""
