"""The command line: `teal`, or `python -m teal`."""

import gc
import os
import sys
from typing import cast


def main() -> None:
    """Run a command as a process of its own.

    It ends soon, and a rollback in a second: nothing that it imports is searched for garbage, no package for plugins of
    pydantic, and HTTP/2, which nobody is asked by, is as good as not installed.
    """
    gc.disable()
    cast("dict[str, object]", sys.modules).setdefault("h2", None)
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from teal.cli.app import app  # noqa: PLC0415 - see above

    app()
