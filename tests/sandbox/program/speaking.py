"""What runs in pods of services that do not speak HTTP: an echo over TCP, and gRPC's health protocol by hand.

Standard library alone: its text is a container's argument, in an image that has Python.
"""

import os
import signal
import socket
import struct
import sys
import threading
from contextlib import suppress

DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = 24  # bytes that a client of HTTP/2 begins with


def echo(connection: socket.socket) -> None:
    """Answer each line with the colour."""
    with connection, connection.makefile("rb") as lines, suppress(OSError):
        for _ in lines:
            connection.sendall(os.environ["DEPLOYMENT_GROUP"].encode() + b"\n")


def health(connection: socket.socket) -> None:
    """Answer each request with `grpc.health.v1.HealthCheckResponse`: 1 is SERVING, 2 is not."""
    with connection, connection.makefile("rb") as read, suppress(OSError):
        read.read(PREFACE)
        connection.sendall(_frame(SETTINGS, 0, 0))
        while len(head := read.read(9)) == len(b"123456789"):
            length, kind, flags = int.from_bytes(head[:3], "big"), head[3], head[4]
            stream, payload = int.from_bytes(head[5:], "big"), read.read(length)
            if kind in {SETTINGS, PING} and not flags & ACK:
                connection.sendall(_frame(kind, ACK, 0, payload if kind == PING else b""))
            elif kind == DATA and flags & END_STREAM:
                message = bytes([8, int(os.environ.get("HEALTH", "1"))])
                headers = b"\x88" + _header(b"content-type", b"application/grpc")
                connection.sendall(
                    _frame(HEADERS, END_HEADERS, stream, headers)
                    + _frame(DATA, 0, stream, b"\0" + struct.pack(">I", len(message)) + message)
                    + _frame(HEADERS, END_HEADERS | END_STREAM, stream, _header(b"grpc-status", b"0"))
                )


def _frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def _header(name: bytes, value: bytes) -> bytes:
    """A literal without indexing."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def _end(number: int, frame: object) -> None:
    del number, frame
    os._exit(0)


def main(speaks: str, port: int) -> None:
    """Serve on a port until SIGTERM, which the first process of a container would ignore."""
    signal.signal(signal.SIGTERM, _end)
    serve = {"echo": echo, "health": health}[speaks]
    with socket.create_server(("0.0.0.0", port)) as listening:  # noqa: S104 - in a pod, for its Service
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
