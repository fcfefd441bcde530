"""What can go wrong with a benchmark, each with its exit status.

BenchError       1  a command failed, or changed something where nothing was to change
└── UsageError   2  an argument that cannot be used
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit statuses of `python -m bench`."""

    OK = 0
    FAILED = 1
    USAGE = 2
    INTERRUPTED = 130


class BenchError(Exception):
    """A foreseen failure; its text is all that the user is shown."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class UsageError(BenchError):
    """An argument that cannot be used."""

    exit_code = ExitCode.USAGE
