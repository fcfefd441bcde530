"""Reads how a stack stands: both colours, their pods, their doors, their health. Nothing is changed."""
