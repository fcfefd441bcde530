"""The command line: `teal`, or `python -m teal`."""

import gc
import os


def main() -> None:
    """Run a command as a process of its own.

    It ends soon, so nothing that it imports is searched for garbage, and no package for plugins of pydantic.
    """
    gc.disable()
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from teal.cli.app import app  # noqa: PLC0415 - see above

    app()
