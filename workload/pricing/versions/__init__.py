"""Versions of the business API beside each other: which one is asked for, and what the former one looks like."""
