"""Talking to a sandbox's supervisor: the client's side of its socket, and how both get around a path's length."""

import contextlib
import json
import os
import socket
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

from sandbox.cluster.errors import NotRunningError, PrerequisiteError, SandboxError

_START_TIMEOUT_S = 60.0


@contextlib.contextmanager
def _short(path: Path) -> Generator[str]:
    """`path` by way of an open folder: a socket's address has room for 107 bytes, a work tree's path may be longer."""
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


@contextlib.contextmanager
def listen(path: Path) -> Generator[socket.socket]:
    """A socket that listens at `path`: once the file is there, it answers."""
    unready = path.with_name(".new.sock")
    unready.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listener, _short(unready) as address:
        listener.bind(address)
        listener.listen()
        unready.replace(path)
        yield listener


def ask(path: Path, request: dict[str, str], *, timeout_s: float = _START_TIMEOUT_S) -> Iterator[dict[str, Any]]:
    """Send one request to the supervisor at `path` and yield its answers.

    Raises:
        NotRunningError: nobody listens there.
        PrerequisiteError: only root may ask.
        SandboxError: the supervisor refused the request, or was silent for `timeout_s`.
    """
    with contextlib.ExitStack() as stack:
        connection = stack.enter_context(socket.socket(socket.AF_UNIX))
        connection.settimeout(timeout_s)
        try:
            address = stack.enter_context(_short(path))
            connection.connect(address)
            connection.sendall(json.dumps(request).encode() + b"\n")
            for line in connection.makefile("rb"):
                answer: dict[str, Any] = json.loads(line)
                if "error" in answer:
                    raise SandboxError(answer["error"])
                yield answer
        except TimeoutError:
            msg = f"the supervisor at {path} said nothing for {timeout_s:.0f} s. Look into {path.parent / 'logs'}"
            raise SandboxError(msg) from None
        except PermissionError as error:
            msg = f"the supervisor at {path} is root's, and this is not root ({error}). Repeat the command as root"
            raise PrerequisiteError(msg) from error
        except (FileNotFoundError, ConnectionError) as error:
            msg = f"no supervisor answers at {path} ({error}): the sandbox is not up. Start it: make sandbox"
            raise NotRunningError(msg) from None
