"""Somebody with one stack of many services, who runs `pulumi` in a sandbox and times it."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bench import stack
from bench.measure import Took, run
from sandbox.cluster.environment import WORK_TREE, Sandbox

_EXAMPLE = WORK_TREE / "stacks" / "Pulumi.sandbox.yaml"


class User:
    """Runs `pulumi` in the sandbox, on a stack of so many services."""

    def __init__(self, sandbox: Sandbox, config: Path, log: Path) -> None:
        """Use a config file of its own; what is printed is added to `log`."""
        self._sandbox, self._config, self._log = sandbox, config, log

    def init(self) -> None:
        """Make the stack; its config file is not the work tree's."""
        self.configure(1)
        try:
            self._run(["stack", "init", stack.NAME])
        finally:
            (WORK_TREE / "stacks" / f"Pulumi.{stack.NAME}.yaml").unlink(missing_ok=True)

    def configure(self, services: int, *, warm: bool = False) -> None:
        """Declare so many services; `warm` gives the idle colour pods, too."""
        stack.write(services, _EXAMPLE, self._config, warm=warm)

    def pulumi(self, *args: str, each_line: Callable[[str, float], None] | None = None) -> Took:
        """Run a command on the stack.

        Raises:
            SandboxError: it failed.
        """
        argv = [*args, "--stack", stack.NAME, "--config-file", str(self._config)]
        return self._run(argv, each_line)

    def _run(self, args: Sequence[str], each_line: Callable[[str, float], None] | None = None) -> Took:
        return run(
            self._sandbox.command(["pulumi", *args]),
            log=self._log,
            environ={**self._sandbox.environ(), "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true"},
            cwd=WORK_TREE,
            each_line=each_line,
        )
