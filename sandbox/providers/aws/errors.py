"""What can go wrong between the provider and AWS.

AwsError
├── ConfigurationError    settings that would have to be ignored, or no stand-in to speak to
├── UnsupportedError      a type, an input or a function this provider does not know
├── RefusedError          AWS answered, and said no
└── UnreachableError      no answer: a write may have arrived
"""


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
