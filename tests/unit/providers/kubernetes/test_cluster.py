"""What is asked of an API server, and what is made of its answers."""

from collections.abc import Iterator

import pytest
import stamina

from sandbox.providers.kubernetes.awaiting import Wait
from sandbox.providers.kubernetes.cluster import timeout
from sandbox.providers.kubernetes.errors import RefusedError, UnknownKindError, UnreachableError
from sandbox.providers.kubernetes.watching import Cancellation
from sandbox.providers.properties import Map
from tests.unit.providers.kubernetes.fake import ADDRESS, FakeServer, dead, no

_PATH = "/api/v1/namespaces/n/configmaps/a"
_BODY: Map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "n"}}
_WAIT = Wait(seconds=5, report=lambda _message: None, cancellation=Cancellation())


@pytest.fixture(autouse=True)
def _no_backoff() -> Iterator[None]:
    """Let retries follow each other at once, three at most."""
    with stamina.set_testing(True, attempts=3):
        yield


def _existing(manager: str, **metadata: object) -> Map:
    return {**_BODY, "metadata": {**_BODY["metadata"], "managedFields": [{"manager": manager}], **metadata}}


async def test_a_create_applies_under_the_resources_own_manager() -> None:
    """Strictly, and without force."""
    server = FakeServer()
    await server.cluster().create(_BODY, manager="m", wait=_WAIT)
    body, params = server.sent("PATCH")
    assert body == _BODY
    assert params == {"fieldManager": "m", "force": "false", "fieldValidation": "Strict"}


async def test_an_object_of_somebody_else_is_not_taken_over() -> None:
    """Unless the provider's configuration says so; the refusal says how."""
    server = FakeServer()
    server.objects[_PATH] = _existing("kubectl")
    with pytest.raises(RefusedError, match=r"ConfigMap n/a exists already.*upsertExistingObjects"):
        await server.cluster().create(_BODY, manager="m", wait=_WAIT)
    assert server.asked == [f"GET {_PATH}"]
    await server.cluster(upsertExistingObjects="true").create(_BODY, manager="m", wait=_WAIT)
    assert server.asked[-1] == f"PATCH {_PATH}"


async def test_an_interrupted_create_is_finished() -> None:
    """The object bears this very resource's manager."""
    server = FakeServer()
    server.objects[_PATH] = _existing("m")
    await server.cluster().create(_BODY, manager="m", wait=_WAIT)
    assert server.asked[-1] == f"PATCH {_PATH}"


async def test_an_update_changes_only_the_object_that_was_deployed() -> None:
    """Its uid is a precondition: one that was deleted is not made anew unnoticed."""
    server = FakeServer()
    await server.cluster().update(_BODY, {"metadata": {"uid": "u"}}, manager="m", ignore=[])
    assert server.sent("PATCH")[0]["metadata"]["uid"] == "u"
    assert "uid" not in _BODY["metadata"]
    server = FakeServer()
    server.answers = [None, no(409, "Operation cannot be fulfilled: uid mismatch")]
    with pytest.raises(RefusedError, match="pulumi refresh"):
        await server.cluster().update(_BODY, {"metadata": {"uid": "u"}}, manager="m", ignore=[])


async def test_a_conflict_names_the_other_manager_and_the_field() -> None:
    """And is not overwritten without being asked to."""
    cause = {"reason": "FieldManagerConflict", "message": 'conflict with "kubectl-edit"', "field": ".data.k"}
    server = FakeServer()
    server.answers = [None, no(409, "conflict", details={"causes": [cause]})]
    with pytest.raises(RefusedError, match=r'\.data\.k: conflict with "kubectl-edit".*patchForce'):
        await server.cluster().update(_BODY, {"metadata": {}}, manager="m", ignore=[])
    forced = {**_BODY, "metadata": {**_BODY["metadata"], "annotations": {"pulumi.com/patchForce": "true"}}}
    await server.cluster().update(forced, {"metadata": {}}, manager="m", ignore=[])
    assert server.sent("PATCH")[1]["force"] == "true"


@pytest.mark.parametrize(("managers", "sent"), [(["hpa"], {}), (["hpa", "m"], {"k": "live"}), ([], {"k": "live"})])
async def test_what_is_ignored_is_left_to_who_manages_it(managers: list[str], sent: Map) -> None:
    """Left out if somebody else does (no conflict with an autoscaler), else kept as it is."""
    server = FakeServer()
    fields: list[Map] = [{"manager": manager, "fieldsV1": {"f:data": {"f:k": {}}}} for manager in managers]
    server.objects[_PATH] = {**_BODY, "metadata": {**_BODY["metadata"], "managedFields": fields}, "data": {"k": "live"}}
    body = {**_BODY, "data": {"k": "mine"}}
    await server.cluster().update(body, {"metadata": {}}, manager="m", ignore=["data.k", "spec.x", "a[0]"])
    assert server.sent("PATCH")[0]["data"] == sent


async def test_a_preview_asks_for_a_dry_run() -> None:
    """Every write it sends says so."""
    server = FakeServer()
    await server.cluster().update(_BODY, {"metadata": {}}, manager="m", ignore=[], dry_run=True)
    assert server.sent("PATCH")[1]["dryRun"] == "All"
    await server.cluster().rehearse_create(_BODY, manager="m")
    assert server.sent("POST")[1]["dryRun"] == "All"


async def test_what_cannot_be_rehearsed_is_not_validated() -> None:
    """The namespace is still to be made (404), the kind too, or its predecessor is still there (409)."""
    server = FakeServer()
    assert await server.cluster().rehearse_create(_BODY, manager="m") == (None, "")
    assert await server.cluster().rehearse_create({**_BODY, "kind": "Widget"}, manager="m") == (None, "")
    for manager, warning in (("m", False), ("other", True)):
        server = FakeServer()
        server.objects[_PATH] = _existing(manager)
        server.answers = [None, no(409, "exists")]
        rehearsed, said = await server.cluster().rehearse_create(_BODY, manager="m")
        assert (rehearsed, bool(said)) == (None, warning)


async def test_a_refusal_in_a_preview_is_an_error() -> None:
    """It would be one in the update."""
    server = FakeServer()
    server.answers = [None, no(422, "spec.x: Invalid value")]
    with pytest.raises(RefusedError, match=r"refuses ConfigMap n/a: spec\.x: Invalid value\. Nothing was changed"):
        await server.cluster().rehearse_create(_BODY, manager="m")


async def test_what_is_gone_is_deleted() -> None:
    """The object, or its whole kind."""
    server = FakeServer()
    server.watches["/api/v1/namespaces/n/configmaps"] = []
    await server.cluster().delete(_BODY, {}, _WAIT)
    assert server.sent("DELETE")[0]["propagationPolicy"] == "Foreground"
    await server.cluster().delete({**_BODY, "kind": "Widget"}, {}, _WAIT)
    assert [line for line in server.asked if "widgets" in line] == []


async def test_a_delete_propagates_as_annotated() -> None:
    """And does not wait if told not to."""
    server = FakeServer()
    annotations = {"pulumi.com/deletionPropagationPolicy": "orphan", "pulumi.com/skipAwait": "true"}
    await server.cluster().delete(_BODY, {"metadata": {"annotations": annotations}}, _WAIT)
    assert server.sent("DELETE")[0]["propagationPolicy"] == "Orphan"
    assert server.asked == [f"DELETE {_PATH}"]


async def test_a_short_absence_of_the_server_is_bridged() -> None:
    """It restarts within seconds, and every request can be repeated."""
    server = FakeServer()
    server.answers = [dead, no(503)]
    assert await server.cluster().namespaced("v1", "ConfigMap")


async def test_a_long_absence_says_where_and_what_it_means() -> None:
    """A read changed nothing; of a write that is not known."""
    server = FakeServer()
    server.answers = [dead] * 3
    with pytest.raises(UnreachableError, match=f"{ADDRESS}.*Connection refused.*Nothing was changed") as read:
        await server.cluster().namespaced("v1", "ConfigMap")
    assert not read.value.wrote
    server.answers = [None, None, *[dead] * 3]
    with pytest.raises(UnreachableError, match="may or may not have arrived") as write:
        await server.cluster().create(_BODY, manager="m", wait=_WAIT)
    assert write.value.wrote


async def test_a_kind_is_asked_for_once_for_each_group_version() -> None:
    """And again while it is not known: its definition may come."""
    server, path = FakeServer(), "/api/v1"
    cluster = server.cluster()
    assert [await cluster.namespaced("v1", kind) for kind in ("ConfigMap", "Namespace", "Pod")] == [True, False, True]
    assert [str(it.url.path) for it in server.requests] == [path]
    assert (await cluster.discovery.kind("v1", "Pod")).path("n", "a") == "/api/v1/namespaces/n/pods/a"
    with pytest.raises(UnknownKindError, match="Widget in v1"):
        await cluster.discovery.kind("v1", "Widget")
    assert [str(it.url.path) for it in server.requests] == [path, path]
    assert await cluster.namespaced("example.com/v1", "Widget")


def test_an_await_lasts_as_long_as_said() -> None:
    """By the resource's customTimeouts, its annotation, or for ten minutes."""
    annotated = {"metadata": {"annotations": {"pulumi.com/timeoutSeconds": "7"}}}
    assert (timeout(annotated, 3), timeout(annotated, 0), timeout({}, 0)) == (3, 7, 600)
