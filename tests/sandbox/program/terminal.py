"""Somebody at a terminal, in the folder of a project."""

import difflib
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from teal.cli.say import Exit
from tests.sandbox.program.stacks import UP_SECONDS, WORK_TREE, Stack

_PROJECT = f"""\
name: teal
stackConfigDir: stacks
runtime: {{name: python, options: {{virtualenv: {WORK_TREE}/.venv}}}}
"""


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """A project's folder, and the stack of it that commands are about."""

    stack: Stack
    folder: Path

    @classmethod
    def of(cls, stack: Stack, folder: Path) -> Self:
        """Make a project that has the stack's file, wherever that is."""
        (folder / "Pulumi.yaml").write_text(_PROJECT)
        (folder / "__main__.py").write_text("from teal_infra import run\n\nrun()\n")
        (folder / "stacks").mkdir()
        file = folder / f"stacks/Pulumi.{stack.name}.yaml"
        if stack.config != file:
            file.symlink_to(stack.config)
        return cls(stack=stack, folder=folder)

    @property
    def file(self) -> str:
        """The stack file."""
        return self.stack.config.read_text()

    def run(self, command: str, *, status: Exit | None = Exit.OK, **environ: str) -> subprocess.CompletedProcess[str]:
        """Type a command, and see that it ends so; with None, however it ends."""
        known = self.stack.environ()
        known["PATH"] = f"{WORK_TREE / '.venv/bin'}{os.pathsep}{known['PATH']}"
        done = subprocess.run(
            self.stack.sandbox.command(["bash", "-c", command]),
            env=known | {"TEAL_YES": "true", "COLUMNS": "160"} | environ,
            cwd=self.folder,
            text=True,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=UP_SECONDS,
            check=False,
        )
        said = f"{command}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert status is None or done.returncode == status, said
        assert "Traceback" not in done.stderr, done.stderr
        return done

    def changed(self, before: str) -> list[str]:
        """What of the file is not as it was."""
        found = difflib.ndiff(before.splitlines(), self.file.splitlines())
        return [each for each in found if each[0] in "+-"]
