"""The command line: `teal`, or `python -m teal`."""

import gc


def main() -> None:
    """Run a command as a process of its own: it ends soon, so nothing that it imports is searched for garbage."""
    gc.disable()
    from teal.cli.app import app  # noqa: PLC0415 - see above

    app()
