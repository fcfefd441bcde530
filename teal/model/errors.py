"""What can go wrong at a flip, as one tree.

    TealError
    ├── ConfigError        the stack config does not say what teal needs (all problems at once)
    ├── UnreachableError   the cluster could not be asked: nothing is known, so nothing moves
    ├── ChangedError       what was to be written is not as it was read: it has to be read again, by the same caller
    ├── ForeignChangeError somebody else moved the traffic: teal does not overwrite it silently
    ├── NotThereError      what was asked for is not there: a stack, a colour's release, a version
    ├── EngineError        Pulumi could not do what it was asked for
    │   └── LockedError    somebody else updates the stack
    ├── RefusedError       asked and measured: the proof is missing, so nothing moves
    │   └── UnsafeError    the plan of the update is refused before anything is touched
    ├── UnconfirmedError   traffic moved, and the move was not confirmed
    └── DeclinedError      somebody was asked, and said no

Every message says what, the value seen, the consequence and the next command,
on one line: an engine passes on nothing but the text of an exception.
"""


class TealError(Exception):
    """The root of all errors that teal raises on purpose."""


class ConfigError(TealError):
    """The stack config is not usable; the message lists every problem found, one a line."""


class UnreachableError(TealError):
    """The cluster did not answer, or refused to: nothing is known about the live state."""


class ChangedError(TealError):
    """A write's condition did not hold; whether traffic was moved, or something else was written, a read shows."""


class ForeignChangeError(TealError):
    """Live traffic goes where neither the config nor the last update sent it."""


class RefusedError(TealError):
    """A gate did not pass; the message carries its evidence."""


class UnsafeError(RefusedError):
    """The plan of an update says `UNSAFE`, or a word that was not asked for: nothing was touched."""


class UnconfirmedError(TealError):
    """Traffic moved, and its bake did not pass; the message says where traffic is."""


class NotThereError(TealError):
    """What somebody asked for is not there: nothing was done."""


class EngineError(TealError):
    """Pulumi's command failed, in its own words."""


class LockedError(EngineError):
    """Another update of the stack is under way, or died and left its lock."""


class DeclinedError(TealError):
    """Who was asked whether to go on did not say yes: nothing was done."""
