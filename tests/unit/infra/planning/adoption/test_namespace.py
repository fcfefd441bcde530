"""A namespace that was there before is the stack's only where a stack made it."""

from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.planning import adoption
from teal_infra.planning.adoption import Existing
from teal_infra.planning.live import Live

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.adapters.kubernetes.objects import Bare
from teal.plans.model import Word
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.declaring import config, declared
from tests.unit.infra.planning.adoption.existing import STACK, made, world
from tests.unit.infra.worlds import NOW, settings


def place(labels: Mapping[str, str], annotations: Mapping[str, str]) -> Existing:
    """A namespace with these marks, and nothing else that the stack did not make."""
    metadata = {"name": "shop", "resourceVersion": "1", "labels": labels, "annotations": annotations}
    return Existing(services={}, namespace=Bare.model_validate({"metadata": metadata}))


@pytest.mark.parametrize(
    ("labels", "annotations", "kept"),
    [
        ({"app.kubernetes.io/part-of": "teal"}, {}, True),
        ({"app.kubernetes.io/part-of": "teal"}, {"teal/kept": "true"}, False),
        ({"team": "theirs"}, {}, False),
        ({}, {}, False),
    ],
)
async def test_a_namespace_that_the_stack_made_is_let_go_before_it_is_left_out(
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    kept: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    """An engine deletes what is declared no more, and all that is in it, unless it was told to keep it."""
    raw = config(router="service", namespace={"name": "shop", "create": False})
    found = await declared(raw, Live(at=NOW, existing=place(labels, annotations)))
    assert (found.names("Namespace") == ["namespace"]) is kept
    if kept:
        assert found["Namespace", "namespace"]["metadata"]["annotations"]["teal/kept"] == "true"
    selector = found["NetworkPolicy", "default-deny"]["spec"]["podSelector"]
    assert selector == {"matchLabels": {"app.kubernetes.io/part-of": "teal"}}


MINE: Mapping[str, Any] = {**STACK, "namespace": "shop", "green": {**STACK["blue"], "version": "0.9.0"}}
"""A stack that makes its namespace."""


@pytest.mark.parametrize(
    ("labels", "annotations", "taken"),
    [
        ({"app.kubernetes.io/part-of": "teal"}, {}, False),
        ({"app.kubernetes.io/part-of": "teal"}, {"teal/kept": "true"}, False),
        ({"kubernetes.io/metadata.name": "shop"}, {}, True),
        ({"app.kubernetes.io/part-of": "shop"}, {}, True),
    ],
)
async def test_a_namespace_that_no_stack_made_is_not_taken_over(
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    taken: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    """Pulumi's provider would write over it, and delete it with the stack; one that a stack made is never let go."""
    there_, raw = place(labels, annotations), {**config(router="service"), "namespace": "shop"}
    planned = made(MINE, world(MINE, there_))
    assert (planned.word is Word.UNSAFE) is taken
    said = [each for each in planned.reasons if each.startswith("namespace shop is there already")]
    assert bool(said) is taken
    for each in said:
        assert "Next: pulumi config rm --path teal:namespace; pulumi config set --path 'teal:namespace[" in each
    found = await declared(raw, Live(at=NOW, existing=there_))
    assert "teal/kept" not in found["Namespace", "namespace"]["metadata"].get("annotations", ())


async def test_the_namespace_is_read_whoever_makes_it(api_server: FakeApiServer) -> None:
    """Also where nothing is taken over; where it is missing there is nothing to refuse."""
    async with Cluster.connect(ClusterAccess(namespace="shop", kubeconfig=api_server.kubeconfig)) as cluster:
        missing = await adoption.read(cluster, settings(MINE))
        api_server.answers["/api/v1/namespaces/shop"] = (200, {"metadata": {"name": "shop", "resourceVersion": "1"}})
        found = await adoption.read(cluster, settings(MINE))
    assert (missing.namespace is None, found.namespace is None) == (True, False)
    assert made(MINE, world(MINE, missing)).word is not Word.UNSAFE
