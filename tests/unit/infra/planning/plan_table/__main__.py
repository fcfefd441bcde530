"""Prints what every row's plan says: `python -m tests.unit.infra.planning.plan_table`, into its `said.txt`.

The file is what a person reads before a change of the words, or of the decisions, is let through.
"""

import sys

from tests.unit.infra.planning.plan_table import said

if __name__ == "__main__":
    sys.stdout.write(said())
