"""Somebody else writes where traffic goes, around a flip's write or during its bake: seen, named, never confirmed."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.errors import RefusedError
from teal.model.live import LiveService
from teal.routers.kubernetes import KubernetesRouter
from teal.spec.move import Move
from tests.unit.conftest import FakeApiServer
from tests.unit.teal.flip.moving import DOOR, SERVICE, begin, both, cluster, move, recorded, stages, written
from tests.unit.teal.flip.overtaken.meddling import LIST, baking, finish


async def meddled(server: FakeApiServer, meddle: Callable[[], Awaitable[None] | None], declared: Move) -> str:
    """Flip to green, meddle during its bake, and see it refused; in which words."""
    await begin(server, declared)
    server.service("backend", "green")

    async def meddler() -> None:
        await baking(server)
        if (more := meddle()) is not None:
            await more

    with pytest.raises(RefusedError) as refused:
        await asyncio.gather(finish(server, declared), meddler())
    return str(refused.value)


async def test_a_selector_that_is_patched_during_the_bake_ends_it(api_server: FakeApiServer) -> None:
    """At once, and not when the bake's time is over; what the other one wrote is left as it is."""
    cluster(api_server, "blue")
    begun = time.monotonic()
    said = await meddled(
        api_server, lambda: api_server.service("backend", "blue", writer="kubectl-patch"), move(seconds=30)
    )
    assert "OVERTAKEN" in said
    assert "leads to blue, written by 'kubectl-patch'" in said
    assert time.monotonic() < begun + 20
    assert (stages(api_server), written(api_server)) == (["OVERTAKEN"], [])
    route = next(each for each in recorded(api_server).verdicts if each.gate == "bake-route")
    assert route.outcome == "FAILED"


async def test_a_selector_that_is_patched_to_and_fro_is_seen_by_its_writer(api_server: FakeApiServer) -> None:
    """Between two looks it led elsewhere: who has written it since is somebody else."""
    cluster(api_server, "blue")
    said = await meddled(
        api_server, lambda: api_server.service("backend", "green", writer="kubectl-edit"), move(seconds=30)
    )
    assert "leads to green, written by 'kubectl-edit'" in said


async def test_a_service_that_is_deleted_during_the_bake_is_missed(api_server: FakeApiServer) -> None:
    """What led to green is gone."""
    cluster(api_server, "blue")

    def delete() -> None:
        del api_server.answers[SERVICE]

    assert "leads to nothing" in await meddled(api_server, delete, move(seconds=30))


async def test_a_patch_right_after_the_write_is_named_and_recorded(api_server: FakeApiServer) -> None:
    """The bake has not begun: there is nothing to bake, and the flip is over."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "red", writer="kubectl-patch")
    with pytest.raises(RefusedError, match=r"goes to .*'red'}, written by 'kubectl-patch'"):
        await finish(api_server, move())
    assert (stages(api_server), written(api_server)) == (["OVERTAKEN"], [])


async def test_a_patch_in_the_last_moment_of_the_bake_is_seen(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traffic is read once more before the record may be written."""
    monkeypatch.setattr(KubernetesRouter, "pace", 60)
    cluster(api_server, "blue")
    await begin(api_server, move())
    api_server.service("backend", "green")

    async def meddler() -> None:
        await baking(api_server)
        api_server.service("backend", "blue", writer="kubectl-patch")

    with pytest.raises(RefusedError, match="OVERTAKEN"):
        await asyncio.gather(finish(api_server, move(seconds=0.5)), meddler())


def event(colour: str, writer: str, version: str) -> bytes:
    """One version of the active Service, as a watch is told of it."""
    owner: dict[str, Any] = {"manager": writer, "fieldsV1": {"f:spec": {"f:selector": {}}}}
    metadata = {"name": "backend", "resourceVersion": version, "managedFields": [owner]}
    found = {"metadata": metadata, "spec": {"selector": {"teal/colour": colour}}}
    return json.dumps({"type": "MODIFIED", "object": found}).encode() + b"\n"


async def read(server: FakeApiServer, version: str) -> dict[str, LiveService]:
    """The active Service, as an update read it last before its write."""
    async with Cluster.connect(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig)) as found:
        live = await found.live_service("backend")
    assert live is not None
    return {"backend": replace(live, resource_version=version)}


async def test_what_the_write_overwrote_is_named_and_not_confirmed(api_server: FakeApiServer) -> None:
    """Pulumi's provider takes over what kubectl wrote a moment before, in silence; the bake goes on all the same."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    before = await read(api_server, "5")
    api_server.service("backend", "green")
    engine = "pulumi-kubernetes-1"
    api_server.answers[f"{LIST}?watch=true&fieldSelector=metadata.name%3Dbackend&resourceVersion=5"] = (
        200,
        event("red", "kubectl-patch", "6") + event("green", engine, "7") + event("blue", "somebody later", "8"),
    )
    with pytest.raises(RefusedError, match=r"OVERTAKEN.*'red'}, written by 'kubectl-patch', between the proof and"):
        await finish(api_server, move(), before)
    assert (stages(api_server), written(api_server)) == (["OVERTAKEN"], [])
    verdicts = {each.gate: each.outcome for each in recorded(api_server).verdicts}
    assert (verdicts["bake"], verdicts["bake-route"]) == ("PASSED", "FAILED")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((403, {"kind": "Status", "message": "no right"}), "the API server answered 403 (no right). Next"),
        ((200, b'{"type": "ERROR", "object": {"kind": "Status", "code": 410}}\n'), "has forgotten the first of them"),
        ((200, b""), "ended its watch"),
    ],
    ids=["forbidden", "forgotten", "ended"],
)
async def test_where_the_api_server_does_not_say_what_was_overwritten_that_is_said(
    api_server: FakeApiServer, capsys: pytest.CaptureFixture[str], answer: tuple[int, Any], why: str
) -> None:
    """It hinders nothing: an account without that right flips all the same."""
    cluster(api_server, "blue")
    await begin(api_server, move())
    before = await read(api_server, "5")
    api_server.service("backend", "green")
    api_server.answers[f"{LIST}?watch=true&fieldSelector=metadata.name%3Dbackend&resourceVersion=5"] = answer
    await finish(api_server, move(), before)
    assert stages(api_server) == ["CONFIRMED"]
    (said,) = [line for line in capsys.readouterr().out.splitlines() if "between its resource versions 5 and 7" in line]
    assert "who wrote services backend between its resource versions 5 and 7 is not known: " in said
    assert why in said


async def test_a_bake_that_fails_undoes_only_what_nobody_else_moved(api_server: FakeApiServer) -> None:
    """Two writers must not fight over the one; the other is not left on a release that fails."""
    cluster(api_server, "blue")
    for colour, version in (("blue", "1.0.0"), ("green", "1.1.0")):
        api_server.pods("frontend", colour, [version])
    api_server.service("frontend", "blue")
    api_server.answers[DOOR.replace("backend", "frontend")] = (500, {})
    await begin(api_server, both(move()))
    for name in ("backend", "frontend"):
        api_server.service(name, "green")

    async def meddler() -> None:
        while api_server.asked.count(DOOR.replace("backend", "frontend")) < 5:  # noqa: ASYNC110 - another thread's list
            await asyncio.sleep(0.005)
        api_server.service("backend", "red", writer="kubectl-patch")

    with pytest.raises(RefusedError, match=r"REVERTED.*backend FAILED: leads to .*'red'}, written by 'kubectl-patch'"):
        await asyncio.gather(finish(api_server, both(move(seconds=30))), meddler())
    assert written(api_server) == ["blue"]
    now = {name: api_server.answers[f"{LIST}/{name}"][1]["spec"]["selector"] for name in ("backend", "frontend")}
    assert {name: each["teal/colour"] for name, each in now.items()} == {"backend": "red", "frontend": "blue"}
