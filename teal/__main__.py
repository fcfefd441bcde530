"""`python -m teal`."""

from teal.cli.app import app

app()
