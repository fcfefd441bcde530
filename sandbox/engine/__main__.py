"""`python -m sandbox.engine`: the embedded engine's `pulumi` command."""

import sys

from sandbox.engine.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
