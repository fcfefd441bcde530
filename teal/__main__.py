"""`python -m teal`."""

from teal.cli import main

main()
