"""`python -m teal`."""

from teal.cli import app

app()
