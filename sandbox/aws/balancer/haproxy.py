"""The HAProxy process and its two ways in: a configuration that is loaded anew, and commands to the running one."""

import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from sandbox.aws.balancer import render

PACKAGE: Final = "haproxy"
_RELOAD_S: Final = 10.0
_TIMEOUT_S: Final = 5.0


class HaproxyError(Exception):
    """HAProxy does not do as it is told; the text is its own."""


class Haproxy:
    """One HAProxy, in a folder of its own; it ends with the process that started it."""

    def __init__(self, folder: Path) -> None:
        """Start nothing yet."""
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "503.http").write_text(render.ERROR)
        (folder / "servers").touch()

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def load(self, text: str) -> None:
        """Start it with a configuration, or have the running one take it; connections are kept.

        Raises:
            HaproxyError: it does not take it; the one before is kept.
        """
        path = self.folder / "haproxy.cfg"
        candidate = path.with_suffix(".new")
        candidate.write_text(text)
        checked = subprocess.run(["haproxy", "-c", "-f", str(candidate)], check=False, capture_output=True, text=True)  # noqa: S603, S607 - ours; its package puts it on PATH
        if checked.returncode:
            raise HaproxyError(f"HAProxy refuses {candidate}: {checked.stderr.strip()}")
        if self.running:
            (self.folder / "servers").write_text(self.command("show servers state"))
        candidate.replace(path)
        before = self._worker()
        if self._process is None or not self.running:
            # The server's child: it must not outlive it, even if that is killed.
            command = ["haproxy", "-W", "-f", str(path)]
            self._process = subprocess.Popen(command, preexec_fn=_die_with_parent)  # noqa: S603, PLW1509 - ours; the function makes one system call
        else:
            self._process.send_signal(signal.SIGUSR2)
        deadline = time.monotonic() + _RELOAD_S
        while (now := self._worker()) in ("", before):
            if time.monotonic() > deadline or not self.running:
                raise HaproxyError(f"HAProxy did not take {path} (worker {now or 'none'}); look at its log")
            time.sleep(0.01)  # no event tells

    def command(self, *commands: str) -> str:
        """Run commands in the worker; returns what they said.

        Raises:
            HaproxyError: nobody answers.
        """
        said = ""
        for command in commands:
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(_TIMEOUT_S)
                    client.connect(str(self.folder / "haproxy.sock"))
                    client.sendall(f"{command}\n".encode())
                    client.shutdown(socket.SHUT_WR)
                    said += b"".join(iter(lambda: client.recv(65536), b"")).decode()
            except OSError as error:
                raise HaproxyError(f"HAProxy does not answer `{command.splitlines()[0]}`: {error}") from error
        return said

    def replace_map(self, path: Path, entries: Iterable[tuple[str, str]]) -> None:
        """Swap all of a map's entries at once.

        Raises:
            HaproxyError: the map is not swapped.
        """
        said = self.command(f"prepare map {path}")
        version = said.rpartition(":")[2].strip()
        if not version.isdecimal():
            raise HaproxyError(f"HAProxy cannot prepare {path}: {said.strip()}")
        lines = "\n".join(f"{key} {value}" for key, value in entries)
        said = self.command(f"add map @{version} {path} <<\n{lines}\n", f"commit map @{version} {path}")
        if said.strip():
            raise HaproxyError(f"HAProxy cannot swap {path}: {said.strip()}")

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()

    def _worker(self) -> str:
        """The worker's process id; empty if none answers."""
        try:
            lines = self.command("show info").splitlines()
        except HaproxyError:
            return ""
        return next((line.partition(":")[2].strip() for line in lines if line.startswith("Pid:")), "")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    if os.getppid() == 1:
        os._exit(1)
