"""What ends a demo before its time."""

from sandbox.cluster.errors import SandboxError


class DemoError(SandboxError):
    """A step did not do what it had to; its text names the step's command and the next one to type."""
