"""The embedded engine's exception tree.

EngineError              anything a user is told in one message: what, the value seen, the consequence, the next step
├── ProjectError         Pulumi.yaml cannot be found or read
├── ConfigError          a stack file or a config value is not what it has to be
├── SecretsError         a secret cannot be encrypted or decrypted
├── StackNotFoundError   no such stack
├── StackLockedError     somebody else is updating the stack
└── StateError           a checkpoint cannot be read, or would be refused by Pulumi's own engine
"""


class EngineError(Exception):
    """Something the user is told; the command line prints `error: <message>` and exits with `exit_code`."""

    def __init__(self, message: str, *, exit_code: int = 255) -> None:
        """Keep the message and the exit status (255 is what Pulumi's command line exits with on an error)."""
        super().__init__(message)
        self.exit_code = exit_code


class ProjectError(EngineError):
    """Pulumi.yaml cannot be found or read."""


class ConfigError(EngineError):
    """A stack file or a config value is not what it has to be."""


class SecretsError(EngineError):
    """A secret cannot be encrypted or decrypted."""


class StackNotFoundError(EngineError):
    """There is no such stack."""


class StackLockedError(EngineError):
    """Somebody else is updating the stack."""


class StateError(EngineError):
    """A checkpoint cannot be read, or would be refused by Pulumi's own engine."""
