"""What can go wrong at a flip, as one tree.

    TealError
    ├── ConfigError        the stack config does not say what teal needs (all problems at once)
    ├── UnreachableError   the cluster could not be asked: nothing is known, so nothing moves
    ├── ChangedError       what was to be written is not as it was read: it has to be read again, by the same caller
    ├── ForeignChangeError somebody else moved the traffic: teal does not overwrite it silently
    └── RefusedError       asked and measured: the proof is missing, so nothing moves

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
