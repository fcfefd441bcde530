"""The command line: `teal`, or `python -m teal`."""

import gc
import os
import sys
from typing import cast


def main() -> None:
    """Run a command as a process of its own.

    The process ends soon, a rollback's within a second. So no garbage is collected, no package is searched for
    pydantic's plugins, and HTTP/2, which no request uses, is as good as not installed.
    """
    gc.disable()
    cast("dict[str, object]", sys.modules).setdefault("h2", None)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    try:
        from teal.cli.app import app  # noqa: PLC0415 - see above

        app()
    except KeyboardInterrupt:  # before any command has begun
        sys.exit(130)
