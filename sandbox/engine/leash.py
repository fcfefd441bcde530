"""Runs a program that the kernel kills when its parent dies: `python leash.py PARENT_PID PROGRAM ARG...`.

Run by path, with nothing but the standard library. An exec keeps the setting; a fork of the program loses it.
"""

import ctypes
import os
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # linux/prctl.h


def main() -> None:
    """Take the leash, then become the program."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(sys.argv[1]):
        sys.exit(1)  # the engine died in between: nobody would notice us
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - becoming the program is the purpose


main()
