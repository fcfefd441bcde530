"""What can go wrong with the cluster, and the exit status each gives.

    SandboxError                 1  anything else that was foreseen
    ├── UsageError               2  a name, range or path that cannot be used
    ├── PrerequisiteError        3  this machine lacks something (all of it said at once)
    ├── BuildError               4  compiling, or installing the toolchain for it, failed
    ├── StartError               5  a component did not come up
    └── NotRunningError          6  the sandbox that was asked for is not there

Every message says what, the value seen, the consequence and the next command.
"""

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """Exit statuses of `python -m sandbox`; `shell --cmd` gives the command's own instead."""

    OK = 0
    FAILED = 1
    USAGE = 2
    PREREQUISITE = 3
    BUILD = 4
    START = 5
    NOT_RUNNING = 6
    INTERRUPTED = 130


class SandboxError(Exception):
    """A foreseen failure; its text is all that the user is shown."""

    exit_code: ClassVar[ExitCode] = ExitCode.FAILED


class UsageError(SandboxError):
    """An argument that cannot be used."""

    exit_code = ExitCode.USAGE


class PrerequisiteError(SandboxError):
    """This machine lacks something the sandbox needs."""

    exit_code = ExitCode.PREREQUISITE


class BuildError(SandboxError):
    """What the sandbox runs could not be compiled."""

    exit_code = ExitCode.BUILD


class StartError(SandboxError):
    """A component of the cluster did not come up."""

    exit_code = ExitCode.START


class NotRunningError(SandboxError):
    """The sandbox is not up."""

    exit_code = ExitCode.NOT_RUNNING
