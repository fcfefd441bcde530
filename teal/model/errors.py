"""The errors of a flip, as one tree.

    TealError
    ├── ConfigError        the stack config lacks what teal needs (all problems at once)
    ├── UnreachableError   the cluster could not be asked: nothing is known, so nothing moves
    ├── ChangedError       an object is not as it was read: the caller has to read it again
    ├── ForeignChangeError somebody else moved the traffic: teal does not overwrite it silently
    ├── NotThereError      a stack, a colour's release or a version that was asked for does not exist
    ├── EngineError        Pulumi could not do what it was asked for
    │   └── LockedError    somebody else updates the stack
    ├── RefusedError       asked and measured: the proof is missing, so nothing moves
    │   └── UnsafeError    the plan of the update is refused before anything is touched
    ├── UnconfirmedError   traffic moved, and the move was not confirmed
    └── DeclinedError      somebody was asked, and said no

Every message says what, the value seen, the consequence and the next command,
on one line: an engine passes on nothing but the text of an exception.
"""


def in_words(error: Exception) -> str:
    """Return what kind of error it is, and its text where it has one."""
    return f"{type(error).__name__} {error}".strip()


class TealError(Exception):
    """The base of all errors that teal raises on purpose."""


class ConfigError(TealError):
    """The stack config cannot be used; the message lists every problem found, one a line."""


class UnreachableError(TealError):
    """The cluster did not answer, or refused to: nothing is known about the live state."""


class ChangedError(TealError):
    """The condition of a write did not hold. Another read shows whether traffic moved or something else was written."""


class ForeignChangeError(TealError):
    """Live traffic goes where neither the config nor the last update sent it."""


class RefusedError(TealError):
    """A gate did not pass; the message holds its evidence."""


class UnsafeError(RefusedError):
    """The plan of an update says `UNSAFE`, or a word that was not asked for; nothing was touched."""


class UnconfirmedError(TealError):
    """Traffic moved, and its bake did not pass; the message says where traffic is now."""


class NotThereError(TealError):
    """What somebody asked for does not exist; nothing was done."""


class EngineError(TealError):
    """Pulumi's command failed; the message is its own."""


class LockedError(EngineError):
    """Another update of the stack is under way, or died and left its lock."""


class DeclinedError(TealError):
    """Somebody was asked whether to go on and did not say yes; nothing was done."""
