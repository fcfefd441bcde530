"""Resources are made, awaited, changed and deleted on a real cluster, and nothing else is touched."""

import grpc
import pytest
from pulumi.runtime.proto import provider_pb2

from sandbox.providers.properties import UNKNOWN, Map, contains_unknown, secret
from tests.sandbox.providers.conftest import Kubectl, Make
from tests.sandbox.providers.programs import CONFIG_MAP, DEPLOYMENT, SERVICE, deployment, job, service
from tests.sandbox.providers.resource import said

_NONE, _SOME = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME


def test_a_deployment_is_ready_when_its_create_returns(make: Make, namespace: str, kubectl: Kubectl) -> None:
    """So is the Service before it; and unchanged inputs change nothing."""
    web = make(DEPLOYMENT, "web").create(deployment(namespace, "web"))
    assert web.state["status"]["availableReplicas"] == 1
    door = make(SERVICE, "web").create(service(namespace, "web", "web"))
    assert kubectl("get", "endpointslices", "-o", "jsonpath={.items[*].endpoints[*].conditions.ready}") == "true"
    assert web.diff(deployment(namespace, "web")).changes == _NONE
    web.update(deployment(namespace, "web", env={"VERSION": "2"}))
    assert "VERSION" in kubectl("get", "pods", "-l", "app=web", "-o", "jsonpath={..env}")
    door.delete()
    web.delete()
    assert kubectl("get", "deployments,pods,services", "-o", "name") == ""


def test_a_preview_writes_nothing_and_leaves_open_what_is_not_known(
    make: Make, namespace: str, kubectl: Kubectl
) -> None:
    """The server validates it all the same."""
    before = kubectl("get", "all,configmaps", "-o", "jsonpath={..resourceVersion}")
    web, door = make(DEPLOYMENT, "seen"), make(SERVICE, "seen")
    assert web.preview(deployment(namespace, "seen"))["status"] == UNKNOWN
    seen = door.preview(service(namespace, "seen", "seen", type="NodePort"))
    assert (seen["spec"]["clusterIP"], seen["spec"]["ports"][0]["nodePort"]) == (UNKNOWN, UNKNOWN)
    assert seen["spec"]["sessionAffinity"] == "None"  # the server's default
    with pytest.raises(grpc.RpcError) as refusal:
        door.preview(service(namespace, "seen", "seen", tyype="NodePort"))
    assert 'unknown field "spec.tyype"' in said(refusal.value)
    assert door.preview(service("not-made-yet", "seen", "seen"))["metadata"]["uid"] == UNKNOWN
    assert kubectl("get", "all,configmaps", "-o", "jsonpath={..resourceVersion}") == before


def test_a_service_changes_its_selector_in_place(make: Make, namespace: str) -> None:
    """A flip is an update of one field; its address stays."""
    door = make(SERVICE, "front").create(service(namespace, "front", "blue"))
    found = door.diff(service(namespace, "front", "green"))
    assert (found.changes, list(found.replaces), list(found.detailedDiff)) == (_SOME, [], ["spec.selector.app"])
    address = door.state["spec"]["clusterIP"]
    foreseen = door.update(service(namespace, "front", "green"), preview=True)
    assert (foreseen["spec"]["clusterIP"], foreseen["spec"]["selector"]["app"]) == (address, "green")
    door.update(service(namespace, "front", "green"))
    assert door.state["spec"]["clusterIP"] == address
    assert door.read() == (f"{namespace}/front", door.inputs)
    door.delete()
    assert door.read()[0] == ""


def test_a_job_is_done_or_has_failed(make: Make, namespace: str) -> None:
    """When its create returns, or says why."""
    make("kubernetes:batch/v1:Job", "fine").create(job(namespace, "fine", "python3", "-c", "pass"))
    with pytest.raises(grpc.RpcError) as failure:
        make("kubernetes:batch/v1:Job", "broken").create(job(namespace, "broken", "python3", "-c", "exit(3)"))
    assert "BackoffLimitExceeded" in said(failure.value)


def test_a_custom_resource_follows_its_definition_at_once(make: Make, namespace: str) -> None:
    """The definition is established when its create returns, and served a moment later."""
    schema = {"type": "object", "x_kubernetes_preserve_unknown_fields": True}
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    kinds = {"kind": "Gadget", "plural": "gadgets", "singular": "gadget"}
    definition = make("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "gadgets").create(
        {
            "metadata": {"name": "gadgets.teal.test"},
            "spec": {"group": "teal.test", "scope": "Namespaced", "names": kinds, "versions": [version]},
        }
    )
    gadget = make("kubernetes:teal.test/v1:Gadget", "one")
    gadget.create({"metadata": {"namespace": namespace}, "spec": {"size": 3}})
    assert gadget.state["spec"] == {"size": 3}
    gadget.delete()
    definition.delete()


def test_a_secret_is_nowhere_in_the_clear(make: Make, namespace: str) -> None:
    """Not in its state, not in an error about it."""
    made = make("kubernetes:core/v1:Secret", "door")
    made.create({"metadata": {"namespace": namespace, "name": "door"}, "stringData": {"key": "hunter2"}})
    assert made.state["data"] == secret({"key": "aHVudGVyMg=="})
    assert made.state["__inputs"]["stringData"] == secret({"key": "hunter2"})
    wrong: Map = {
        "metadata": {"namespace": namespace, "name": "bad"},
        "type": secret("hunter2"),
        "data": secret({"k": "%"}),
    }
    with pytest.raises(grpc.RpcError) as refusal:
        make("kubernetes:core/v1:Secret", "bad").create(wrong)
    assert "hunter2" not in said(refusal.value)
    made.delete()


def test_an_object_of_somebody_else_is_not_taken_over(make: Make, namespace: str, kubectl: Kubectl) -> None:
    """It stays as it is; one that an interrupted create of the same resource left is."""
    kubectl("create", "configmap", "theirs", "--from-literal=k=theirs")
    props: Map = {"metadata": {"namespace": namespace, "name": "theirs"}, "data": {"k": "ours"}}
    with pytest.raises(grpc.RpcError) as refusal:
        make(CONFIG_MAP, "theirs").create(props)
    assert "exists already" in said(refusal.value)
    assert kubectl("get", "configmap", "theirs", "-o", "jsonpath={.data.k}") == "theirs"
    ours = {**props, "metadata": {**props["metadata"], "name": "ours"}}
    make(CONFIG_MAP, "ours").create(ours)
    make(CONFIG_MAP, "ours").create({**ours, "data": {"k": "finished"}})
    assert kubectl("get", "configmap", "ours", "-o", "jsonpath={.data.k}") == "finished"
    assert make(CONFIG_MAP, "ours").look_up(ours) == f"{namespace}/ours"
    assert make(CONFIG_MAP, "theirs").look_up(props) == ""


def test_what_somebody_else_changed_is_found_and_not_overwritten(make: Make, namespace: str, kubectl: Kubectl) -> None:
    """A refresh shows just that; an update says who it was."""
    web = make(DEPLOYMENT, "drift").create(deployment(namespace, "drift"))
    assert web.read()[1] == web.inputs  # although the server writes `1000m` as `1`
    kubectl("patch", "deployment", "drift", "--type=merge", "--patch", '{"spec": {"replicas": 0}}')
    drifted = web.read()[1]
    assert drifted["spec"].pop("replicas") == 0
    assert drifted["spec"] == {key: value for key, value in web.inputs["spec"].items() if key != "replicas"}
    with pytest.raises(grpc.RpcError) as conflict:
        web.update(deployment(namespace, "drift", replicas=2))
    assert '.spec.replicas: conflict with "kubectl-patch"' in said(conflict.value)
    assert "patchForce" in said(conflict.value)
    kubectl("delete", "deployment", "drift")
    with pytest.raises(grpc.RpcError) as gone:
        web.update(deployment(namespace, "drift", env={"VERSION": "2"}))
    assert "pulumi refresh" in said(gone.value)
    assert web.read()[0] == ""
    assert not contains_unknown(web.state)
