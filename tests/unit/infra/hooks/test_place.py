"""A stack whose traffic is live stays in its namespace, and no other stack comes into it."""

import logging
from collections.abc import Mapping

import pulumi
import pytest
from pulumi.runtime import mocks
from teal_infra.hooks import place
from teal_infra.planning import live

from teal.adapters.kubernetes.cluster import ClusterAccess
from teal.model.errors import RefusedError
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.hooks.engine import NoResources
from tests.unit.infra.worlds import BASE, edited, settings


async def planned(server: FakeApiServer, old: Mapping[str, object] | None, namespace: object) -> None:
    """Run the plan's hook as a preview does, with the plan that the engine's state has."""
    mocks.set_mocks(
        NoResources(),
        project="teal",
        stack="dev",
        preview=True,
        logger=logging.getLogger("engine"),
        organization="acme",
    )
    declared = settings(edited(BASE, {"namespace": namespace}))
    access = ClusterAccess(namespace=declared.namespace, kubeconfig=server.kubeconfig)
    hooks = place.hooks(declared, access, await live.ask(access, declared))
    hook = hooks.before_create if old is None else hooks.before_update
    assert hook
    result = hook[0](pulumi.ResourceHookArgs(urn="urn", id="", name="plan", type="t", new_inputs={}, old_inputs=old))  # pyright: ignore[reportUnknownVariableType, reportCallIssue]  # hook or callable, by the SDK's type
    assert result is not None
    await result


@pytest.mark.parametrize(
    ("namespace", "mends"),
    [
        ("shop", "pulumi config set teal:namespace teal;"),
        ({"name": "shop", "create": False}, "pulumi config set --path teal:namespace.name teal;"),
    ],
)
async def test_live_traffic_is_not_left_behind(api_server: FakeApiServer, namespace: object, mends: str) -> None:
    """The message names where it is, and what sets it so again."""
    api_server.service("backend", "blue")
    with pytest.raises(RefusedError) as refused:
        await planned(api_server, {"namespace": "teal"}, namespace)
    assert "live traffic of backend is in teal" in str(refused.value)
    assert f"Next: {mends}" in str(refused.value)


@pytest.mark.parametrize("old", [None, {}, {"namespace": "teal"}, {"namespace": "never"}])
async def test_a_namespace_that_stays_or_has_no_traffic_is_no_obstacle(
    api_server: FakeApiServer, old: Mapping[str, object] | None
) -> None:
    """Also where an earlier teal's plan says none."""
    api_server.service("backend", "blue")
    await planned(api_server, old, "teal")
    await planned(api_server, {"namespace": "never"}, "shop")


RECORD = "/api/v1/namespaces/teal/configmaps/teal-confirmed"


def recorded(server: FakeApiServer, stack: str) -> None:
    """Let live traffic be of a stack, or of one that does not say which it is."""
    metadata = {"name": "teal-confirmed", "resourceVersion": "1", "annotations": {"teal/stack": stack} if stack else {}}
    server.answers[RECORD] = (200, {"metadata": metadata, "data": {"colour": "blue"}})


@pytest.mark.parametrize("old", [None, {"namespace": "never"}])
async def test_a_second_stack_stays_out(api_server: FakeApiServer, old: Mapping[str, object] | None) -> None:
    """Its state knows nothing of what is live there, whether it is new or was elsewhere before."""
    api_server.service("backend", "blue")
    recorded(api_server, "acme/teal/prod")
    with pytest.raises(RefusedError) as refused:
        await planned(api_server, old, "teal")
    assert "belongs to the stack acme/teal/prod, and this one is acme/teal/dev" in str(refused.value)
    assert "Next: pulumi config set teal:namespace NAME" in str(refused.value)
    assert "kubectl -n teal annotate configmap teal-confirmed teal/stack-, then pulumi up" in str(refused.value)


@pytest.mark.parametrize(
    ("stack", "old"),
    [
        ("acme/teal/dev", None),  # its state was lost
        ("acme/teal/former", {"namespace": "teal"}),  # it was renamed
        ("", None),  # an earlier teal's, or the annotation was taken away
    ],
)
async def test_a_stack_comes_back_to_what_is_its_own(
    api_server: FakeApiServer, stack: str, old: Mapping[str, object] | None
) -> None:
    """Also with a name or a state of another time."""
    api_server.service("backend", "blue")
    recorded(api_server, stack)
    await planned(api_server, old, "teal")
