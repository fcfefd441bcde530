"""Pods are asked to end their kept-alive connections through a port that the API server forwards."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx2
import pytest
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection, BytesMessage, CloseConnection, RejectConnection, Request

from teal.adapters.kubernetes import connections
from teal.model.live import Endpoint
from tests.unit.certified import serving_tls
from tests.unit.listening import listening

PORTS: tuple[bytes, ...] = (b"\x00\x40\x1f", b"\x01\x40\x1f")
"""With which a kubelet begins the two channels of port 8000."""


class Kubelet:
    """Takes one forwarded connection as a kubelet does, and answers with frames."""

    def __init__(self, frames: Sequence[bytes], refuses: int = 0) -> None:
        """Answer with these frames, or refuse the upgrade with a status."""
        self._frames = frames
        self._refuses = refuses
        self.path = ""
        self.received: bytes = b""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Speak for as long as the client does."""
        speaker = WSConnection(ConnectionType.SERVER)
        while data := await reader.read(65536):
            speaker.receive_data(data)
            for event in speaker.events():
                if isinstance(event, Request):
                    self.path = event.target
                    if self._refuses:
                        writer.write(speaker.send(RejectConnection(status_code=self._refuses)))
                        continue
                    writer.write(speaker.send(AcceptConnection(subprotocol=event.subprotocols[0])))
                elif isinstance(event, BytesMessage):
                    for frame in self.answers(bytes(event.data)):
                        writer.write(speaker.send(BytesMessage(data=frame)))
                elif isinstance(event, CloseConnection):
                    writer.write(speaker.send(event.response()))

    def answers(self, frame: bytes) -> Iterator[bytes]:
        """The frames with which one frame is answered."""
        self.received += frame
        yield from self._frames


class Sealed(Kubelet):
    """The same, before a pod that speaks TLS."""

    def __init__(self, folder: Path, answer: bytes) -> None:
        """Answer with this, in a record of TLS for each of its bytes, and end; the certificate is from nobody."""
        super().__init__(())
        self._answer = answer
        self._begin = PORTS
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = serving_tls(folder).wrap_bio(self._in, self._out, server_side=True)

    def answers(self, frame: bytes) -> Iterator[bytes]:
        """What TLS says, each byte a frame of its own, after those with which the channels begin."""
        yield from self._begin
        self._begin = ()
        self._in.write(frame.removeprefix(b"\x00"))
        with suppress(ssl.SSLWantReadError):
            self.received += self._tls.read()
            for byte in self._answer:
                self._tls.write(bytes([byte]))
            self._tls.unwrap()
        for byte in self._out.read():
            yield b"\x00" + bytes([byte])


@asynccontextmanager
async def forwarding(kubelet: Kubelet) -> AsyncGenerator[httpx2.AsyncClient]:
    """A client of an API server that forwards to this kubelet."""
    async with (
        listening(kubelet.serve) as port,
        httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        yield http


async def asked(kubelet: Kubelet, *, tls: bool = False) -> Sequence[str]:
    """What went wrong with one pod."""
    pods = [Endpoint(pod="blue-1", port=8000)]
    async with forwarding(kubelet) as http:
        return await connections.close(http, "teal", pods, "/connections/close", 60, tls=tls)


async def test_a_pod_is_asked_on_its_own_port() -> None:
    """The request goes in on the data channel; the answer may come in pieces."""
    kubelet = Kubelet([*PORTS, b"\x00HTTP/1.0 2", b"\x0000 OK\r\n\r\n"])
    assert await asked(kubelet) == []
    assert kubelet.path == "/api/v1/namespaces/teal/pods/blue-1/portforward?ports=8000"
    assert kubelet.received.startswith(b"\x00POST /connections/close HTTP/1.0\r\n")
    assert kubelet.received.endswith(b'\r\n\r\n{"seconds": 60}')


async def test_a_pod_that_speaks_tls_is_asked_so(tmp_path: Path) -> None:
    """Whatever its certificate is."""
    kubelet = Sealed(tmp_path, b"HTTP/1.0 200 OK\r\n\r\n")
    assert await asked(kubelet, tls=True) == []
    assert kubelet.received.startswith(b"POST /connections/close HTTP/1.0\r\n")
    assert kubelet.received.endswith(b'\r\n\r\n{"seconds": 60}')


async def test_what_goes_wrong_over_tls_is_told(tmp_path: Path) -> None:
    """A pod that ends the connection before it has answered, and one that speaks no TLS after all."""
    assert await asked(Sealed(tmp_path, b"HTTP/1.0 2"), tls=True) == [
        "blue-1: ValueError the pod ended the connection without an answer"
    ]
    (plain,) = await asked(Kubelet([*PORTS, b"\x00HTTP/1.0 400 Bad Request\r\n\r\n"]), tls=True)
    assert plain.startswith("blue-1: SSLError")


@pytest.mark.parametrize(
    ("kubelet", "wrong"),
    [
        (Kubelet([*PORTS, b"\x00HTTP/1.0 404 Not Found\r\n\r\n"]), "blue-1: answered 404"),
        (Kubelet([*PORTS, b"\x01connection refused"]), "blue-1: ValueError connection refused"),
        (Kubelet([*PORTS, b"\x00no HTTP at all\r\n"]), "blue-1: ValueError"),
        (Kubelet([], refuses=403), "blue-1: WebSocketUpgradeError"),
        (Kubelet(PORTS), "blue-1: did not answer within"),
    ],
)
async def test_what_goes_wrong_is_told_and_not_raised(
    kubelet: Kubelet, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New connections have moved, whatever becomes of the kept-alive ones."""
    monkeypatch.setattr(connections, "DEADLINE_SECONDS", 1.0)
    (seen,) = await asked(kubelet)
    assert seen.startswith(wrong)
