"""`python -m sandbox.engine`: the embedded engine's `pulumi` command."""

import gc
import sys

from sandbox.engine.cli import main

if __name__ == "__main__":
    # A run keeps nearly all that it makes, so there is next to no garbage among every 700 new objects.
    gc.set_threshold(100_000)
    sys.exit(main(sys.argv[1:]))
