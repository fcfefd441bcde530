"""Migrations as declared: one Job a release and step, and records that let contracting ones wait for the last pod."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pytest
from pulumi.runtime import mocks, stack
from teal_infra.components.migrations import Contraction, ContractionArgs, Migration, MigrationArgs, Tool, await_pods
from teal_infra.labels import Identity
from teal_infra.settings.migrations import MigrationSettings
from teal_infra.settings.service import ServiceSettings

from teal.adapters.kubernetes.cluster import Cluster, ClusterAccess
from teal.model.colours import Colour
from teal.model.errors import RefusedError
from teal.schema import retirement
from teal.schema.migrations import Contracted, Phase, Release, Rules, Schema, Step, decide
from tests.unit.conftest import FakeApiServer
from tests.unit.infra.test_program import Recorder

GREEN = Release(colour=Colour.GREEN, version="1.2.0", schema=Schema(expand="0003", contract="0004"))
OLD = Release(colour=Colour.BLUE, version="1.0.0", schema=Schema(expand="0001"), retired=True)
JOB = "backend-green-contract"
LISTED = ("0001", "0003", "0004", "0005")
TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - the container's own
Resources = Mapping[tuple[str, str], dict[str, Any]]


def environment(config_map: str, secret: str) -> list[dict[str, Any]]:
    """Where a slot's variables come from."""
    return [{"config_map_ref": {"name": config_map}}, {"secret_ref": {"name": secret}}]


def tool(**changes: Any) -> Tool:  # noqa: ANN401 - any of its fields
    """How the tests' release is run."""
    fields: dict[str, Any] = {
        "of": Identity(service="backend", colour=Colour.GREEN, version=GREEN.version, namespace="teal"),
        "settings": ServiceSettings(),
        "commands": MigrationSettings(),
        "image": "registry.example/backend:1.2.0",
        "account": "backend",
        "environment": environment("config-1", "secret-1"),
        "target": {"DB_HOST": "db.example"},
    }
    return Tool(**(fields | changes))


async def job(of: Tool | None = None, *, phase: Phase = Phase.EXPAND) -> dict[str, Any]:
    """The Job of one step, as registered."""

    async def program() -> None:
        args = MigrationArgs(tool=of or tool(), step=Step(phase=phase, release=GREEN, revision="0003"))
        Migration(args.name, args)

    return (await registered(program))["Job", f"backend-green-{phase}"]


async def registered(program: Any) -> Resources:  # noqa: ANN401 - what Pulumi calls a program
    """What a program registers."""
    recorder = Recorder()
    mocks.set_mocks(recorder, project="teal", stack="dev")
    await stack.run_pulumi_func(program)
    return recorder.resources


async def test_a_job_migrates_then_verifies_with_the_slots_own_image() -> None:
    """The second container starts only when the first has succeeded."""
    pod = (await job())["spec"]["template"]["spec"]
    (up,), (verify,) = pod["initContainers"], pod["containers"]
    assert up["command"][-4:] == ["up", "$(SCHEMA_REVISION)", "--phase", "$(SCHEMA_PHASE)"]
    assert verify["command"][-1] == "verify"
    for container in (up, verify):
        assert container["image"] == "registry.example/backend:1.2.0"
        assert container["env"][:2] == [
            {"name": "SCHEMA_REVISION", "value": "0003"},
            {"name": "SCHEMA_PHASE", "value": "expand"},
        ]


async def test_a_way_down_runs_the_other_command() -> None:
    """Down in place of up, to the revision that is left."""
    pod = (await job(phase=Phase.DOWN))["spec"]["template"]["spec"]
    assert pod["initContainers"][0]["command"][-2:] == ["down", "$(SCHEMA_REVISION)"]


async def test_a_job_is_confined_and_bounded() -> None:
    """As the slot's pods: restricted, without a token; and it ends, whatever the database does."""
    spec = (await job())["spec"]
    pod = spec["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["serviceAccountName"] == "backend"
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["runAsNonRoot"] is True
        assert container["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert (spec["backoffLimit"], spec["activeDeadlineSeconds"]) == (3, 600)
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule["action"] == "Ignore", "Pulumi's provider would await a Job that a rule fails until its timeout"


async def test_kubernetes_never_deletes_a_job_by_itself() -> None:
    """An engine would find it missing, and migrate again."""
    assert "ttlSecondsAfterFinished" not in (await job())["spec"]


async def test_no_service_of_the_slot_selects_a_migrations_pod() -> None:
    """Its name label is another than the service's; its colour and version are the release's."""
    declared = await job()
    for marks in (declared["metadata"]["labels"], declared["spec"]["template"]["metadata"]["labels"]):
        assert marks["app.kubernetes.io/name"] == "backend-migrations"
        assert (marks["teal/colour"], marks["app.kubernetes.io/version"]) == ("green", "1.2.0")


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"settings": ServiceSettings(replicas=9)}, True),
        ({"settings": ServiceSettings.model_validate({"resources": {"limits": {"cpu": "2", "memory": "2Gi"}}})}, True),
        ({"commands": MigrationSettings(backoff_limit=1, deadline_seconds=5)}, True),
        ({"environment": environment("config-2", "secret-1")}, True),
        ({"environment": environment("config-1", "secret-2")}, False),
        ({"target": {"DB_HOST": "other.example"}}, False),
        ({"image": "registry.example/backend:1.2.1"}, False),
        ({"commands": MigrationSettings(up=("other",), down=("back",), verify=("look",))}, False),
        ({"commands": MigrationSettings(secrets=("owner",))}, False),
        ({"commands": MigrationSettings(revisions=("0003",), down=None, down_refused="none")}, True),
        ({"commands": MigrationSettings.model_validate({"podTemplate": {"spec": {"priority": 1}}})}, False),
    ],
)
async def test_a_job_is_named_by_what_it_runs(changes: Mapping[str, Any], *, same: bool) -> None:
    """What changes nothing about the migration makes no new Job; another database or image does."""
    first, second = await job(), await job(tool(**changes))
    assert (first["metadata"]["name"] == second["metadata"]["name"]) is same


async def test_a_job_is_named_by_its_release() -> None:
    """Once per version, though the image be the same."""
    other = Identity(service="backend", colour=Colour.GREEN, version="1.2.1", namespace="teal")
    names = [(await job(each))["metadata"]["name"] for each in (tool(), tool(), tool(of=other))]
    assert names[0] == names[1] != names[2]
    assert names[0].startswith("backend-green-expand-")


async def test_a_job_keeps_the_name_that_it_had_before_there_were_pod_templates() -> None:
    """Else a newer teal would run each migration once more."""
    assert (await job())["metadata"]["name"] == "backend-green-expand-cf59f4"


async def test_a_job_is_pulled_and_run_as_the_service_is() -> None:
    """A registry's credentials, an image whose user is a name, and a tool that writes to `/tmp`."""
    said = {"imagePullSecrets": ["registry"], "runAsUser": 1000, "fsGroup": 2000}
    pod = (await job(tool(settings=ServiceSettings.model_validate(said))))["spec"]["template"]["spec"]
    assert pod["imagePullSecrets"] == [{"name": "registry"}]
    assert pod["securityContext"] == {"runAsUser": 1000, "fsGroup": 2000}
    assert pod["volumes"] == [{"name": "tmp", "emptyDir": {"sizeLimit": "1Gi"}}]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["volumeMounts"] == [TMP]


async def test_a_jobs_pods_are_what_the_stack_says_beside_what_teal_does() -> None:
    """Merged by name: the tool stays, and gets a certificate and a variable of a Secret that exists."""
    spec = {
        "nodeSelector": {"disk": "ssd"},
        "volumes": [{"name": "ca", "secret": {"secretName": "database-ca"}}],
        "initContainers": [{"name": "up", "volumeMounts": [{"name": "ca", "mountPath": "/ca"}]}],
    }
    commands = MigrationSettings.model_validate(
        {"podTemplate": {"metadata": {"labels": {"team": "shop"}}, "spec": spec}}
    )
    template = (await job(tool(commands=commands)))["spec"]["template"]
    assert template["metadata"]["labels"].items() >= {"team": "shop", "teal/colour": "green"}.items()
    assert template["spec"]["nodeSelector"] == {"disk": "ssd"}
    assert [each["name"] for each in template["spec"]["volumes"]] == ["tmp", "ca"]
    (up,) = template["spec"]["initContainers"]
    assert up["command"][-4:] == ["up", "$(SCHEMA_REVISION)", "--phase", "$(SCHEMA_PHASE)"]
    assert up["volumeMounts"] == [TMP, {"name": "ca", "mountPath": "/ca"}]


PROXY = {"name": "proxy", "image": "registry.example/proxy:1", "restartPolicy": "Always"}
LATER = {"name": "later", "image": "registry.example/later:1"}


@pytest.mark.parametrize(
    ("given", "order"),
    [
        ([PROXY], ["proxy", "MOVE"]),
        ([PROXY, LATER], ["proxy", "later", "MOVE"]),
        ([{"name": "up", "tty": True}, LATER, PROXY], ["up", "later", "proxy"]),
        ([PROXY, {"name": "up", "tty": True}, LATER], ["proxy", "up", "later"]),
    ],
)
async def test_what_the_stack_starts_with_a_migration_is_there_before_it(
    given: list[dict[str, Any]], order: list[str]
) -> None:
    """A proxy to the database, say; unless the stack lists it after what it is to follow."""
    commands = MigrationSettings.model_validate({"podTemplate": {"spec": {"initContainers": given}}})
    made = (await job(tool(commands=commands)))["spec"]["template"]["spec"]["initContainers"]
    assert [each["name"] for each in made] == [{"MOVE": "up"}.get(each, each) for each in order]
    down = (await job(tool(commands=commands), phase=Phase.DOWN))["spec"]["template"]["spec"]["initContainers"]
    assert {each["name"] for each in down} == {*order} - {"MOVE", "up"} | {"down"}


async def test_a_migration_knows_who_it_is_before_anything_refers_to_that() -> None:
    """Its settings may have a name of their own in each environment."""
    settings = [{"name": "SETTINGS", "value": "shop.$(ENV).$(NODE)"}]
    late = {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}}
    spec = {"initContainers": [{"name": "up", "env": [late]}]}
    of = tool(
        referring=settings,
        fixed={"ENV": "staging", "REGION": ""},
        commands=MigrationSettings.model_validate({"podTemplate": {"spec": spec}}),
    )
    template = (await job(of))["spec"]["template"]
    assert "teal/deployed-at" not in str(template)  # Kubernetes refuses another template under a Job's name
    names = [each["name"] for each in template["spec"]["initContainers"][0]["env"]]
    assert names[2:5] == ["ENV", "REGION", "VERSION"]
    assert {"PORT", "DEPLOYMENT_GROUP", "INSTANCE_ID"} < {*names}
    assert names[-2:] == ["NODE", "SETTINGS"]


async def test_a_jobs_environment_is_the_slots_and_what_the_stack_names() -> None:
    """The stack's come last, so that an account for migrations wins over the service's own."""
    declared = await job(tool(commands=MigrationSettings(secrets=("owner",), config_maps=("where",))))
    assert declared["spec"]["template"]["spec"]["initContainers"][0]["envFrom"] == [
        {"configMapRef": {"name": "config-1"}},
        {"secretRef": {"name": "secret-1"}},
        {"configMapRef": {"name": "where"}},
        {"secretRef": {"name": "owner"}},
    ]


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
