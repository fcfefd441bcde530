"""What runs in pods: an echo over TCP, gRPC's health protocol by hand, and HTTP over TLS.

Standard library alone: its text is a container's argument, in an image that has Python.
"""

import json
import os
import signal
import socket
import ssl
import struct
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

DATA, HEADERS, SETTINGS, PING = 0, 1, 4, 6
END_STREAM, END_HEADERS, ACK = 1, 4, 1
PREFACE = 24  # bytes that a client of HTTP/2 begins with


def echo(connection: socket.socket) -> None:
    """Answer each line with the colour and the pod."""
    said = f"{os.environ['DEPLOYMENT_GROUP']} {socket.gethostname()}\n".encode()
    with connection, connection.makefile("rb") as lines, suppress(OSError):
        for _ in lines:
            connection.sendall(said)


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


class Shop(BaseHTTPRequestHandler):
    """Says which colour it is; its health only to whoever sends the probe's header."""

    protocol_version = "HTTP/1.1"
    closing_until = 0.0
    """Until when each answer ends its connection."""

    def do_GET(self) -> None:
        """Answer a probe, whoever asks for the version, and clients."""
        colour = os.environ["DEPLOYMENT_GROUP"]
        if self.path == "/health" and self.headers.get("X-Probe") != "teal":
            self.say(403, "nobody asks so")
        elif self.path == "/version":
            self.say(200, json.dumps({"version": os.environ["VERSION"], "deployment_group": colour}))
        elif self.path == "/metrics":
            self.say(200, "orders_total 1\n", "text/plain; version=0.0.4")
        else:
            self.say(200, colour)

    def do_POST(self) -> None:
        """Close kept-alive connections for a while, as somebody on this machine asks."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        here = self.client_address[0] == "127.0.0.1"
        if here:
            Shop.closing_until = time.monotonic() + asked["seconds"]
        self.say(200 if here else 403, "")

    def say(self, status: int, text: str, kind: str = "text/plain") -> None:
        """Answer with a text."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.send_header("X-Colour", os.environ["DEPLOYMENT_GROUP"])  # by which a load knows who answers
        if time.monotonic() < Shop.closing_until:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""


def shop(port: int) -> None:
    """Serve HTTPS on a port, by the certificate in the environment."""
    pem = Path("/tmp/pem")  # noqa: S108 - a pod's own
    pem.write_text(os.environ["CERTIFICATE"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    server = ThreadingHTTPServer(("", port), Shop)
    server.daemon_threads = True
    # Each handshake is its own thread's: one that a client leaves lying would keep all others out.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.serve_forever()


def _end(number: int, frame: object) -> None:
    del number, frame
    os._exit(0)


def main(speaks: str, port: int) -> None:
    """Serve on a port until SIGTERM, which the first process of a container would ignore."""
    signal.signal(signal.SIGTERM, _end)
    if speaks == "shop":
        shop(port)
    serve = {"echo": echo, "health": health}[speaks]
    with socket.create_server(("0.0.0.0", port)) as listening:  # noqa: S104 - in a pod, for its Service
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
