"""Talking to the supervisor: at any length of path, and when it is not there, refuses or is silent."""

import json
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.cluster.control import ask, listen
from sandbox.cluster.errors import NotRunningError, SandboxError


def _serve(path: Path, answer: Callable[[socket.socket], None]) -> threading.Thread:
    """Accept once at `path`; the socket is there when this returns."""
    there = threading.Event()

    def serve() -> None:
        with listen(path) as listener:
            there.set()
            connection, _ = listener.accept()
            with connection:
                answer(connection)

    thread = threading.Thread(target=serve)
    thread.start()
    assert there.wait(5)
    return thread


def test_a_path_longer_than_a_sockets_address_works(tmp_path: Path) -> None:
    """107 bytes are the limit; work trees may be deeper."""
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)

    def echo(connection: socket.socket) -> None:
        connection.sendall(connection.recv(1000))

    thread = _serve(folder / "control.sock", echo)
    assert list(ask(folder / "control.sock", {"do": "status"})) == [{"do": "status"}]
    thread.join()


def test_an_error_of_the_supervisor_is_the_callers(tmp_path: Path) -> None:
    """Its text is passed on as it is."""
    path = tmp_path / "s"

    def refuse(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(json.dumps({"error": "there is no component 'x'"}).encode() + b"\n")

    thread = _serve(path, refuse)
    with pytest.raises(SandboxError, match="there is no component 'x'"):
        list(ask(path, {"do": "stop", "component": "x"}))
    thread.join()


def test_a_silent_supervisor_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """The message says for how long it was."""
    path = tmp_path / "s"
    done = threading.Event()

    def be_silent(_: socket.socket) -> None:
        done.wait(5)

    thread = _serve(path, be_silent)
    with pytest.raises(SandboxError, match=r"said nothing for 0 s"):
        list(ask(path, {"do": "status"}, timeout_s=0.05))
    done.set()
    thread.join()


def test_a_socket_nobody_listens_at_is_a_sandbox_that_is_not_up(tmp_path: Path) -> None:
    """Absent, or left by a killed supervisor."""
    with pytest.raises(NotRunningError, match="make sandbox"):
        list(ask(tmp_path / "absent", {"do": "status"}))
    with listen(tmp_path / "left"):
        pass
    assert (tmp_path / "left").exists()
    with pytest.raises(NotRunningError, match="make sandbox"):
        list(ask(tmp_path / "left", {"do": "status"}))
