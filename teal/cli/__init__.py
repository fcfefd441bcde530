"""The command line: `teal`, or `python -m teal`."""
