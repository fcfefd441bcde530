"""What can go wrong between the provider and AWS.

AwsError
├── ConfigurationError    settings that would have to be ignored, or no stand-in to speak to
├── UnsupportedError      a type, an input or a function this provider does not know
├── RefusedError          AWS answered, and said no
├── UnreachableError      no answer: a write may have arrived
└── PartialError          a part of it was done: the resource exists, or is between what it was and should be
"""

from sandbox.providers.properties import Map


class AwsError(Exception):
    """Any failure this provider reports; its text is what the user reads."""


class ConfigurationError(AwsError):
    """The provider cannot be used as it is set up."""


class UnsupportedError(AwsError):
    """Something Pulumi's own provider does, and this one does not."""


class RefusedError(AwsError):
    """AWS said no; nothing was changed by the call it said it to. `code` is AWS's own, such as `DuplicateListener`."""

    def __init__(self, message: str, *, code: str = "") -> None:
        """Keep the code."""
        super().__init__(message)
        self.code = code


class UnreachableError(AwsError):
    """No answer; what was asked may have been done."""


class PartialError(AwsError):
    """Of several calls one failed after another was done; `state` is the resource as it is now."""

    def __init__(self, message: str, *, identifier: str, state: Map, inputs: Map) -> None:
        """Keep what the engine has to record."""
        super().__init__(message)
        self.identifier = identifier
        self.state = state
        self.inputs = inputs
