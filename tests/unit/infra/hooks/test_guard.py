"""The hooks themselves, called as an engine calls them, against a cluster on loopback."""

import asyncio
import logging
import os
from dataclasses import replace
from types import SimpleNamespace

import pulumi
import pytest
from pulumi.runtime import mocks
from teal_infra.hooks import guard as guarding
from teal_infra.hooks.guard import Guard

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.flip.mover import Mover
from teal.history.model import Flip, History, Stage
from teal.history.store import Kept, Records
from teal.model.adopted import Adopted
from teal.model.colours import Colour
from teal.model.errors import ForeignChangeError, RefusedError
from teal.spec.bake import ServiceBake
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.hooks.engine import NoResources, prove
from tests.unit.teal.flip.moving import both, cluster, move


async def test_a_proven_flip_passes(api_server: FakeApiServer) -> None:
    """The hook returns, so the engine writes."""
    cluster(api_server, "blue")
    await prove(api_server, "blue", "green")


async def test_whoever_looks_is_shown_gates_as_they_decide(api_server: FakeApiServer) -> None:
    """What an update says is in the cluster; an account that may not write it there is no hindrance."""
    path = "/api/v1/namespaces/teal/configmaps/teal-progress"
    cluster(api_server, "blue")
    await prove(api_server, "blue", "green", dry_run=True, shared=True)
    assert path not in api_server.answers
    await prove(api_server, "blue", "green", shared=True)
    assert "capacity of backend PASSED" in api_server.answers[path][1]["data"]["lines"]
    del api_server.answers[path]
    api_server.fault = lambda method, at: 403 if (method, at) == ("PATCH", path) else None
    await prove(api_server, "blue", "green", shared=True)
    assert path not in api_server.answers


async def test_an_unproven_flip_is_refused_with_its_evidence(api_server: FakeApiServer) -> None:
    """The hook raises, so the engine writes nothing."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0", "1.0.0"])
    api_server.pods("backend", "green", ["1.1.0"])
    with pytest.raises(RefusedError, match="green has 1 ready endpoint; needed: 2"):
        await prove(api_server, "blue", "green")


async def test_creating_over_live_traffic_is_a_flip_too(api_server: FakeApiServer) -> None:
    """A lost state does not lose the proof: without old inputs the live Service still decides."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0"])
    with pytest.raises(RefusedError, match="flip from blue to green refused"):
        await prove(api_server, None, "green")


async def test_what_is_taken_over_as_it_leads_needs_no_proof(api_server: FakeApiServer) -> None:
    """Nobody knows the Service's pods for a colour yet; led elsewhere by the same update, it is a flip."""
    api_server.service("backend", "blue")
    status, found = api_server.answers["/api/v1/namespaces/teal/services/backend"]
    found["spec"]["selector"] = {"app": "shop"}
    api_server.answers["/api/v1/namespaces/teal/services/backend"] = status, found
    said = Adopted(Colour.GREEN, {"app": "shop"}).annotation
    taken: dict[str, object] = {
        "metadata": {"name": "backend", "annotations": said},
        "spec": {"selector": {"app": "shop"}},
    }
    await prove(api_server, None, "green", wanted=taken)
    with pytest.raises(RefusedError, match="capacity of backend FAILED"):
        await prove(api_server, None, "green", wanted={**taken, "spec": {"selector": {"app": "other"}}})


async def test_a_change_that_moves_no_traffic_needs_no_proof(api_server: FakeApiServer) -> None:
    """A Service whose ports change may change while its pods are down."""
    api_server.service("backend", "green")
    await prove(api_server, "green", "green")


async def test_traffic_moved_by_somebody_else_is_refused(api_server: FakeApiServer) -> None:
    """Live is neither what the last update left nor the destination."""
    api_server.service("backend", "blue", writer="kubectl-edit")
    with pytest.raises(ForeignChangeError, match="'kubectl-edit'"):
        await prove(api_server, "green", "green")


def history(server: FakeApiServer) -> list[str]:
    """Stages of the flips that are recorded."""
    _, found = server.answers["/api/v1/namespaces/teal/configmaps/teal-history"]
    return [each.stage for each in History.model_validate_json(found["data"]["flips.json"]).flips]


async def test_traffic_is_read_once_more_as_the_very_last_thing(api_server: FakeApiServer) -> None:
    """The engine writes as soon as the hook returns: whatever else there is to do is done before."""
    cluster(api_server, "blue")
    one = move()
    closing = {"backend": ServiceBake(path="/pricing", close_path="/close")}
    declared = replace(one, bake=one.bake.model_copy(update={"services": closing}))
    await prove(api_server, "blue", "green", declared=declared)
    core = "/api/v1/namespaces/teal"
    assert api_server.heard[-2:] == [f"PUT {core}/configmaps/teal-history", f"GET {core}/services/backend"]


@pytest.mark.parametrize("colour", ["red", "green"])
async def test_traffic_that_somebody_moves_while_the_gates_look_is_not_overwritten(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, colour: str
) -> None:
    """What was proven is no longer what is live: refused by name, and the flip that was let pass is over."""
    cluster(api_server, "blue")
    save = Records.save

    async def meddle(self: Records, kept: Kept, flip: Flip) -> Kept:
        saved = await save(self, kept, flip)
        if flip.stage is Stage.PROVEN:  # the last that is written before the hook lets the engine write
            api_server.service("backend", colour, writer="kubectl-patch")
        return saved

    monkeypatch.setattr(Records, "save", meddle)
    with pytest.raises(ForeignChangeError, match=r"written by 'kubectl-patch', while the gates looked"):
        await prove(api_server, "blue", "green")
    assert history(api_server) == ["REFUSED"]


async def test_an_update_that_found_all_in_place_moves_nothing_that_left_since(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has proven nothing: another update moved the traffic while this one waited for an API server."""
    api_server.service("backend", "blue")
    api_server.pods("backend", "blue", ["1.0.0"])
    begin = Mover.begin

    async def overtaken(self: Mover) -> int | None:
        api_server.service("backend", "green")
        try:
            return await begin(self)
        finally:
            api_server.service("backend", "blue", writer="pulumi-kubernetes-teal")

    monkeypatch.setattr(Mover, "begin", overtaken)
    with pytest.raises(RefusedError, match=r"goes to blue, written by .* It went to green when this update began"):
        await prove(api_server, None, "green", declared=move(confirmed=Colour.GREEN))


@pytest.mark.parametrize(("quick", "times"), [(60.0, 1), (-1.0, 3)])
async def test_a_last_look_that_took_long_is_repeated(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch, quick: float, times: int
) -> None:
    """Within bounds: what it saw first may be long ago when the engine writes."""
    cluster(api_server, "blue")
    monkeypatch.setattr(guarding, "_QUICK_SECONDS", quick)
    renew, renewed = Mover.renew, list[str]()

    async def noted(self: Mover, number: int, service: str) -> None:
        renewed.append(service)
        await renew(self, number, service)

    monkeypatch.setattr(Mover, "renew", noted)
    await prove(api_server, "blue", "green")
    assert renewed == ["backend"] * times


async def test_a_program_that_lost_its_language_host_lets_nothing_move(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hooks would still be heard, but nothing after them: the release would be live with nobody to watch it."""
    cluster(api_server, "blue")
    monkeypatch.setattr(os, "getppid", lambda: 1)  # as where the parent has ended
    with pytest.raises(RefusedError, match=r"language host \(process \d+\) has ended"):
        await prove(api_server, "blue", "green")
    assert history(api_server) == ["REFUSED"]


async def test_a_flip_of_which_a_part_has_moved_stays_open(
    api_server: FakeApiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever comes next has to bring the other service's traffic somewhere."""
    for name in ("backend", "frontend"):
        api_server.service(name, "blue")
        api_server.pods(name, "blue", ["1.0.0"])
        api_server.pods(name, "green", ["1.1.0"])
    save = Records.save

    async def meddle(self: Records, kept: Kept, flip: Flip) -> Kept:
        saved = await save(self, kept, flip)
        api_server.service("frontend", "green")  # the engine's write, which was let pass before
        api_server.service("backend", "red", writer="kubectl-patch")
        return saved

    monkeypatch.setattr(Records, "save", meddle)
    with pytest.raises(ForeignChangeError, match="backend leads to"):
        await prove(api_server, "blue", "green", declared=both(move()))
    _, found = api_server.answers["/api/v1/namespaces/teal/configmaps/teal-history"]
    (flip,) = History.model_validate_json(found["data"]["flips.json"]).flips
    assert (flip.stage, flip.owner) == ("PROVEN", "")


async def test_a_preview_says_what_the_gates_would_and_refuses_nothing(
    api_server: FakeApiServer, caplog: pytest.LogCaptureFixture
) -> None:
    """In a dry run the slot may still be to come."""
    api_server.service("backend", "blue")
    with caplog.at_level(logging.INFO, "engine"):
        await prove(api_server, "blue", "green", dry_run=True)
    assert "as of now: capacity of backend FAILED" in caplog.text
    assert "as of now: 2 of 2 gates would refuse" in caplog.text


async def idle(server: FakeApiServer, colour: str) -> None:
    """Run the hook of a change of a colour's pods, in an update to green."""
    mocks.set_mocks(NoResources(), project="teal", stack="dev", logger=logging.getLogger("engine"))
    hook = Guard(ClusterAccess(namespace="teal", kubeconfig=server.kubeconfig), move()).idle_hooks().before_update
    assert hook
    new = {"metadata": {"labels": {"teal/colour": colour}}}
    args = pulumi.ResourceHookArgs(urn="urn", id="", name=f"backend-{colour}", type="t", new_inputs=new)
    result = hook[0](args)  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # hook or callable, by the SDK's type
    assert result is not None
    await result


async def test_pods_with_live_traffic_do_not_change_before_it_moves(api_server: FakeApiServer) -> None:
    """An update of a part of the stack would take them away, although the whole would move traffic first."""
    api_server.service("backend", "blue")
    with pytest.raises(RefusedError, match="backend-blue was not changed: live traffic of backend goes to blue"):
        await idle(api_server, "blue")


async def test_pods_without_live_traffic_change(api_server: FakeApiServer) -> None:
    """Traffic has moved by then."""
    api_server.service("backend", "green")
    await idle(api_server, "blue")


@pytest.mark.parametrize("recorded", [True, False])
async def test_a_move_whose_record_is_left_out_is_baked_all_the_same(
    api_server: FakeApiServer, caplog: pytest.LogCaptureFixture, *, recorded: bool
) -> None:
    """An update of a part (`--target`) may leave it out, and its hook with it; one that has it is baked once."""
    cluster(api_server, "blue")
    guard = await prove(api_server, "blue", "green")
    api_server.service("backend", "green")  # the engine's write
    if recorded:
        hook = guard.confirm_hooks().before_update
        assert hook
        await hook[0](pulumi.ResourceHookArgs(urn="urn", id="", name="teal-confirmed", type="t"))  # pyright: ignore[reportCallIssue, reportGeneralTypeIssues, reportUnknownVariableType]  # hook or callable, by the SDK's type
    guard.watch_over(SimpleNamespace(urn=pulumi.Output.from_input("urn:of::teal-confirmed")))  # pyright: ignore[reportArgumentType]  # all that it has of a resource
    await asyncio.sleep(0.1)  # for the SDK to call back
    async with asyncio.timeout(10):
        while history(api_server)[-1] != Stage.CONFIRMED:  # noqa: ASYNC110 - another thread's record
            await asyncio.sleep(0.01)
    assert history(api_server) == [Stage.CONFIRMED]
    assert ("leaves out urn:of::teal-confirmed" in caplog.text) is not recorded
