"""Contracting migrations stand between records, which let them wait for the last pod of the old release."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pytest
from teal_infra.components.migrations import Contraction, ContractionArgs, await_pods

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.schema import retirement
from teal.schema.migrations import Contracted, Release, Rules, Schema, decide
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.components.jobs import GREEN, JOB, LISTED, OLD, Resources, registered, tool


def contraction(
    releases: Sequence[Release], contracted: Contracted, access: ClusterAccess | None = None
) -> ContractionArgs:
    """What is contracted when green is live."""
    return ContractionArgs(
        service="backend",
        plan=decide("backend", Colour.GREEN, releases, contracted, Rules(revisions=LISTED)),
        tools={Colour.GREEN: tool()},
        namespace="teal",
        access=access or ClusterAccess(namespace="teal"),
        wait_seconds=0.001,
    )


async def declared(releases: Sequence[Release], contracted: Contracted) -> Resources:
    """What a contraction registers."""

    async def program() -> None:
        Contraction("backend", contraction(releases, contracted))

    return await registered(program)


async def test_a_contracting_job_stands_between_two_records() -> None:
    """That it begins, and that it is done, by whom."""
    resources = await declared([GREEN, OLD], Contracted())
    assert resources["ConfigMap", "backend-contracting"]["data"] == {"revision": "0004"}
    assert resources["ConfigMap", "backend-contracted"]["data"] == {"revision": "0004", "by": "green 1.2.0"}
    (up,) = resources["Job", "backend-green-contract"]["spec"]["template"]["spec"]["initContainers"]
    assert {"name": "SCHEMA_PHASE", "value": "contract"} in up["env"]
    assert {"name": "SCHEMA_REVISION", "value": "0004"} in up["env"]


async def test_nothing_is_dropped_before_it_is_recorded_nor_recorded_as_done_before_it_is() -> None:
    """The first record is guarded and comes first; the second waits for the Job, which is left alone once there."""
    options: dict[str, pulumi.ResourceOptions] = {}

    def look(args: pulumi.ResourceTransformationArgs) -> None:
        if args.type_.startswith("kubernetes:"):  # a component has its Job's name
            options[args.name] = args.opts

    async def program() -> None:
        pulumi.runtime.register_stack_transformation(look)
        Contraction("backend", contraction([GREEN, OLD], Contracted()))

    await registered(program)
    first, job, second = (options[name] for name in ("backend-contracting", JOB, "backend-contracted"))
    assert isinstance(first.hooks, pulumi.ResourceHookBinding)
    assert first.hooks.before_create
    assert first.hooks.before_create == first.hooks.before_update
    assert [_names(each) for each in (job, second)] == [["backend-contracting"], [JOB]]
    assert job.ignore_changes == ["spec"]


def _names(options: pulumi.ResourceOptions) -> list[str]:
    """Logical names of what a resource waits for."""
    found = options.depends_on
    assert isinstance(found, list)
    return [each.pulumi_resource_name for each in found if isinstance(each, pulumi.Resource)]


async def test_a_contraction_that_ran_is_declared_as_it_was() -> None:
    """An update with nothing changed finds nothing to do."""
    ran = Contracted(begun="0004", done="0004", by="green 1.2.0")
    assert await declared([GREEN, OLD], Contracted()) == await declared([GREEN, OLD], ran)


async def test_the_records_outlive_the_release_that_wrote_them() -> None:
    """The next release has no contracting Job, and the schema stays contracted."""
    ran = Contracted(begun="0004", done="0004", by="green 1.2.0")
    later = Release(colour=Colour.GREEN, version="1.3.0", schema=Schema(expand="0005"))
    resources = await declared([later], ran)
    assert resources["ConfigMap", "backend-contracted"]["data"] == {"revision": "0004", "by": "green 1.2.0"}
    assert not [key for key in resources if key[0] == "Job"]


async def test_a_contraction_that_failed_is_not_recorded_as_done() -> None:
    """Begun, then made to wait again: the second record is not written."""
    waiting = Release(colour=Colour.GREEN, version="1.2.0", schema=Schema(expand="0005"))
    resources = await declared([waiting], Contracted(begun="0004"))
    assert set(resources) & {("ConfigMap", "backend-contracting"), ("ConfigMap", "backend-contracted")} == {
        ("ConfigMap", "backend-contracting")
    }


def pod(name: str, colour: str, version: str, phase: str = "Running") -> dict[str, Any]:
    """A pod of a slot, as the API server lists it."""
    marks = {"teal/colour": colour, "app.kubernetes.io/version": version}
    return {"metadata": {"name": name, "resourceVersion": "1", "labels": marks}, "status": {"phase": phase}}


@pytest.mark.parametrize(
    ("pods", "refused"),
    [
        ([pod("a", "green", "1.2.0")], False),
        ([pod("a", "green", "1.2.0"), pod("b", "blue", "1.0.0", "Succeeded")], False),
        ([pod("a", "green", "1.2.0"), pod("b", "blue", "1.0.0")], True),
        ([pod("b", "green", "1.1.0")], True),  # of a rollout that is not through
        ([pod("b", "blue", "1.2.0")], True),  # scaled up by hand: the stack says nothing of it
    ],
)
async def test_nothing_is_dropped_while_a_pod_is_left_that_needs_it(
    api_server: FakeApiServer, pods: list[dict[str, Any]], *, refused: bool
) -> None:
    """The record's hook looks at pods, not at what was declared."""
    api_server.answers["/api/v1/namespaces/teal/pods"] = (200, {"items": pods})
    access = ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)
    async with Cluster.connect(access) as cluster:
        waiting = retirement.await_only(
            cluster, "backend", {(Colour.GREEN, "1.2.0")}, what="contracting backend to 0004", seconds=0.001
        )
        if refused:
            with pytest.raises(
                RefusedError, match=r"1 pods of backend .* b \((blue|green) 1\.\d\.0\).*Nothing was dropp"
            ):
                await waiting
        else:
            await waiting
    assert set(api_server.asked) == {"/api/v1/namespaces/teal/pods?labelSelector=app.kubernetes.io%2Fname%3Dbackend"}


async def test_the_record_that_comes_first_is_guarded(api_server: FakeApiServer) -> None:
    """Its hook refuses for a pod of a release that needs what goes, and names the revision."""
    api_server.answers["/api/v1/namespaces/teal/pods"] = (200, {"items": [pod("b", "blue", "1.0.0")]})
    access = ClusterAccess(namespace="teal", kubeconfig=api_server.kubeconfig)
    hook = await_pods(contraction([GREEN, OLD], Contracted(), access))
    record = pulumi.ResourceHookArgs(urn="u", id="", name="n", type="t", new_inputs={"data": {"revision": "0004"}})
    with pytest.raises(RefusedError, match="contracting backend to 0004 refused"):
        await hook(record)
