"""State keeps secrets secret; a preview promises only what it can; a refresh finds only what somebody changed."""

from typing import Any

from sandbox.providers.kubernetes import outputs
from sandbox.providers.kubernetes.observe import inputs_from_live
from sandbox.providers.properties import UNKNOWN, Map, contains_secret, reveal, secret, walk

_META: Map = {"name": "a", "namespace": "n"}
_SERVER: Map = {**_META, "uid": "u", "resourceVersion": "7", "creationTimestamp": "t", "managedFields": [{}]}


def _service(metadata: Map = _META, **spec: Any) -> Map:  # noqa: ANN401 - any JSON
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}


def test_state_is_the_live_object_with_the_inputs_beside_it() -> None:
    """In pulumi-kubernetes's shape, without managedFields; and it can be taken apart again."""
    inputs, live = _service(selector={"a": "b"}), _service(_SERVER, selector={"a": "b"}, clusterIP="10.0.0.1")
    state = outputs.checkpoint(inputs, live, manager="m")
    assert state["__inputs"] == inputs
    assert state["__fieldManager"] == "m"
    assert state["__initialApiVersion"] == "v1"
    assert "managedFields" not in state["metadata"]
    assert outputs.parse(state) == (
        inputs,
        {**live, "metadata": {k: v for k, v in _SERVER.items() if k != "managedFields"}},
    )


def test_state_holds_no_secret_in_the_clear() -> None:
    """Not what the program marked, nor what a Secret holds by its kind."""
    inputs: Map = {"apiVersion": "v1", "kind": "Secret", "metadata": _META, "stringData": {"k": "hunter2"}}
    live: Map = {"apiVersion": "v1", "kind": "Secret", "metadata": _SERVER, "data": {"k": "aHVudGVyMg=="}}
    state = outputs.checkpoint(inputs, live, manager="m")
    assert state["data"] == secret({"k": "aHVudGVyMg=="})
    assert state["__inputs"]["stringData"] == secret({"k": "hunter2"})
    marked = _service(selector={"a": secret("s3cret")})
    state = outputs.checkpoint(marked, _service(_SERVER, selector={"a": "s3cret"}), manager="m")
    assert state["spec"]["selector"]["a"] == secret("s3cret")
    clear = [node for node in walk({k: v for k, v in state.items() if not contains_secret(v)}) if node == "s3cret"]
    assert clear == []


def test_a_preview_of_a_creation_leaves_open_what_the_server_will_fill_in() -> None:
    """A dry run has a uid, an address and a port of its own, which are not those to come."""
    rehearsed: Map = {
        **_service({**_SERVER, "generation": 1}, type="NodePort", clusterIP="10.0.0.9", clusterIPs=["10.0.0.9"],
                   ports=[{"port": 80, "nodePort": 31111}, {"port": 81, "nodePort": 30080}]),
        "status": {"loadBalancer": {}},
    }  # fmt: skip
    inputs = _service(type="NodePort", ports=[{"port": 80}, {"port": 81, "nodePort": 30080}])
    found = outputs.preview_created(inputs, rehearsed)
    assert {key: found["metadata"][key] for key in ("uid", "resourceVersion", "creationTimestamp", "generation")} == (
        dict.fromkeys(("uid", "resourceVersion", "creationTimestamp", "generation"), UNKNOWN)
    )
    assert found["status"] == UNKNOWN
    assert (found["spec"]["clusterIP"], found["spec"]["clusterIPs"]) == (UNKNOWN, UNKNOWN)
    assert [port["nodePort"] for port in found["spec"]["ports"]] == [UNKNOWN, 30080]


def test_a_preview_without_an_answer_from_the_server_leaves_open_no_less() -> None:
    """Its namespace may not exist yet."""
    found = outputs.preview_created(_service(type="ClusterIP", ports=[{"port": 80}]), None)
    assert found["metadata"]["uid"] == found["status"] == found["spec"]["clusterIP"] == UNKNOWN
    headless = outputs.preview_created(_service(clusterIP="None"), None)
    assert headless["spec"]["clusterIP"] == "None"
    assert outputs.preview_created({**_service(), "metadata": UNKNOWN}, None)["metadata"] == UNKNOWN
    elsewhere = outputs.preview_created(_service(type="ExternalName", externalName="x"), None)
    assert "clusterIP" not in elsewhere["spec"]


def test_a_preview_of_an_update_keeps_what_will_stay() -> None:
    """Its uid and address stay; what any write changes is open; so is the port of a new door."""
    live = _service(_SERVER, type="NodePort", clusterIP="10.0.0.1", ports=[{"port": 80, "nodePort": 30080}])
    rehearsed = _service(_SERVER, type="NodePort", clusterIP="10.0.0.1",
                         ports=[{"port": 80, "nodePort": 30080}, {"port": 81, "nodePort": 31234}])  # fmt: skip
    found = outputs.preview_updated(rehearsed, live)
    assert (found["metadata"]["uid"], found["metadata"]["resourceVersion"]) == ("u", UNKNOWN)
    assert "generation" not in found["metadata"]
    assert found["spec"]["clusterIP"] == "10.0.0.1"
    assert [port["nodePort"] for port in found["spec"]["ports"]] == [30080, UNKNOWN]


def test_an_update_with_unknown_inputs_is_previewed_from_what_is_live() -> None:
    """No server can be asked, but what the inputs do not touch is known."""
    live: Map = {
        **_service(_SERVER, type="ClusterIP", clusterIP="10.0.0.1", selector={"a": "b", "c": "d"}),
        "status": {},
    }
    found = outputs.preview_unasked(_service(selector={"a": UNKNOWN}), live)
    assert found["spec"] == {"type": "ClusterIP", "clusterIP": "10.0.0.1", "selector": {"a": UNKNOWN, "c": "d"}}
    assert found["status"] == UNKNOWN


def test_an_imported_object_is_described_without_what_the_server_added() -> None:
    """So that a program written from it changes nothing."""
    annotations = {"deployment.kubernetes.io/revision": "3", "mine": "yes"}
    live = {**_service({**_SERVER, "annotations": annotations}, type="ClusterIP"), "status": {"x": 1}}
    assert inputs_from_live(live) == _service({**_META, "annotations": {"mine": "yes"}}, type="ClusterIP")
    assert reveal(inputs_from_live(live)) == inputs_from_live(live)
