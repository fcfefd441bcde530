"""The watch records each change of a selector once, and says which instants it can vouch for."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from sandbox.load.writes import read_writes
from tests.unit.listening import listening

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.load.writes import Write


def service(colour: str, version: int) -> dict[str, Any]:
    """A Service as the API server has it."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "backend", "namespace": "n", "resourceVersion": str(version)},
        "spec": {"selector": {"teal/colour": colour}},
    }


class ApiServer:
    """Lists one Service and streams what it is told to; a stream ends when there is nothing more to say."""

    def __init__(self, *rounds: tuple[dict[str, Any], list[dict[str, Any]]]) -> None:
        """Each round is a list's only Service, and the events of the watch that follows."""
        self._rounds = list(rounds)
        self.watched_from: list[str] = []
        self.told = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one connection's requests; the last watch stays open until the client goes."""
        while self._rounds and (head := (await reader.readuntil(b"\r\n\r\n")).decode()):
            body = self._answer(head.split("\r\n")[0])
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
        self.told.set()
        await reader.read()

    def _answer(self, request: str) -> bytes:
        if "watch=true" in request:
            self.watched_from.append(request.partition("resourceVersion=")[2].split("&")[0].split(" ")[0])
            return "".join(json.dumps(event) + "\n" for event in self._rounds.pop(0)[1]).encode()
        item = self._rounds[0][0]
        metadata = {"resourceVersion": item["metadata"]["resourceVersion"]}
        return json.dumps({"kind": "ServiceList", "metadata": metadata, "items": [item]}).encode()


async def watched(folder: Path, api: ApiServer) -> list[Write]:
    """Run the watch against `api` until it has been told everything and has written it down."""
    async with listening(api.serve) as port:
        config: dict[str, Any] = {
            "clusters": [{"name": "c", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {}}],
            "current-context": "c",
        }
        (folder / "kubeconfig").write_text(json.dumps(config))
        out = folder / "writes.jsonl"
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "sandbox.load.watch", "--namespace", "n", "--out", str(out)),
            env={"KUBECONFIG": str(folder / "kubeconfig")},
        )
        await api.told.wait()
        while not any(write.colour == "last" for write in read_writes(out)):  # noqa: ASYNC110 - another process does
            await asyncio.sleep(0.01)
        process.terminate()
        await process.wait()
    return read_writes(out)


async def test_each_change_of_the_selector_is_recorded_once(tmp_path: Path) -> None:
    """What was there before, a change, a change of something else, and what changed while the watch was away."""
    gone = {"type": "ERROR", "object": {"kind": "Status", "code": 410, "message": "too old resource version"}}
    api = ApiServer(
        (
            service("blue", 7),
            [
                {"type": "MODIFIED", "object": service("green", 8)},
                {"type": "MODIFIED", "object": service("green", 9)},
                gone,
            ],
        ),
        (service("blue", 12), [{"type": "MODIFIED", "object": service("last", 13)}]),
    )
    writes = await watched(tmp_path, api)
    assert [(write.colour, write.exact) for write in writes] == [
        ("blue", False),
        ("green", True),
        ("blue", False),
        ("last", True),
    ]
    assert api.watched_from == ["7", "12"]
    assert [write.observed_ns for write in writes] == sorted(write.observed_ns for write in writes)


def test_a_line_that_is_not_whole_yet_is_left(tmp_path: Path) -> None:
    """The file is read while it is written."""
    path = tmp_path / "writes.jsonl"
    assert read_writes(path) == []
    line = '{"service":"s","colour":"","observed_ns":5,"exact":true}\n'
    path.write_text(line + line[:20])
    assert [(write.service, write.colour) for write in read_writes(path)] == [("s", "")]
