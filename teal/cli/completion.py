"""Prints what a shell needs to complete commands and options, for `teal completion`."""

import sys
from typing import Literal

Shell = Literal["bash", "zsh", "fish"]


def completion(shell: Shell, /) -> None:
    """Print what SHELL needs to complete commands: `teal completion bash > /etc/bash_completion.d/teal`."""
    from teal.cli.app import app  # noqa: PLC0415 - which names this command

    sys.stdout.write(app.generate_completion(prog_name="teal", shell=shell))
