"""A Pulumi project of a few lines, and a stack of it, driven by the `pulumi` command."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import yaml

from sandbox.cluster.cache import cache_folder
from sandbox.cluster.environment import WORK_TREE

STACK = "dev"
SECONDS = 60
"""More than any command of such a project takes on two busy cores."""

_UP = ("up", "--yes", "--skip-preview", "--non-interactive")


@dataclass(frozen=True, kw_only=True)
class Tiny:
    """A project in a folder, with this checkout's environment unless told otherwise."""

    folder: Path
    environ: Mapping[str, str]

    def program(self, text: str, **options: str) -> None:
        """Write the program, and how it is run."""
        options = {"toolchain": "uv", "virtualenv": str(WORK_TREE / ".venv")} | options
        runtime = {"name": "python", "options": options}
        (self.folder / "Pulumi.yaml").write_text(yaml.safe_dump({"name": "tiny", "runtime": runtime}))
        (self.folder / "__main__.py").write_text(f"import pulumi\n\n{text}\n")

    def pack(self, text: str, **options: str) -> None:
        """Write a policy pack beside it, in the folder `pack`."""
        pack = Tiny(folder=self.folder / "pack", environ=self.environ)
        pack.folder.mkdir()
        pack.program(text, **options)
        (pack.folder / "Pulumi.yaml").rename(pack.folder / "PulumiPolicy.yaml")

    def pulumi(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; its output is in the failure if it was to succeed."""
        done = subprocess.run(
            ["pulumi", *args],  # noqa: S607 - on the PATH of `environ`
            env=self.environ,
            cwd=self.folder,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SECONDS,
            check=False,
        )
        assert not check or done.returncode == 0, f"{args}: exit {done.returncode}\n{done.stdout}"
        return done

    def up(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """`pulumi up`, without asking."""
        return self.pulumi(*_UP, *args, check=check)

    def start_up(self, log: Path) -> subprocess.Popen[bytes]:
        """The same, left running, in a process group of its own as a terminal's command has."""
        with log.open("wb") as out:
            return subprocess.Popen(
                ["pulumi", *_UP],  # noqa: S607 - as above
                env=self.environ,
                cwd=self.folder,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def await_line(self, log: Path, text: str) -> None:
        """Wait until a command has printed something."""
        give_up = time.monotonic() + SECONDS
        while text not in log.read_text():
            assert time.monotonic() < give_up, log.read_text()
            time.sleep(0.05)  # no event tells: a file has none that Python can wait for

    def processes(self) -> Sequence[str]:
        """Command lines of everything that was started for this project and still runs."""
        mark = f"PULUMI_HOME={self.environ['PULUMI_HOME']}".encode()
        found: list[str] = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):  # it has ended meanwhile, or is another user's
                if mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append((process / "cmdline").read_text().replace("\0", " "))
        return found

    def await_end(self, *, seconds: float) -> Sequence[str]:
        """What still runs once everything has had this long to end."""
        give_up = time.monotonic() + seconds
        while (running := self.processes()) and time.monotonic() < give_up:
            time.sleep(0.05)  # no event tells: they are not this process's children
        return running


def environ(commands: Sequence[Path], home: Path) -> Mapping[str, str]:
    """What a command of a project gets: an empty home of Pulumi's, and nothing that is downloaded."""
    return (
        {"UV_CACHE_DIR": str(cache_folder() / "uv-cache")}
        | os.environ
        | {
            "PATH": os.pathsep.join([*map(str, commands), os.environ["PATH"]]),
            "PULUMI_HOME": str(home),
            "PULUMI_BACKEND_URL": f"file://{home}",
            "PULUMI_CONFIG_PASSPHRASE": "a test's",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            "UV_OFFLINE": "1",
        }
    )
