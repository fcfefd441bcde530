"""Migrations are declared as one Job a release and step, run as the slot's pods are."""

from collections.abc import Mapping
from typing import Any

import pytest
from teal_infra.labels import Identity
from teal_infra.settings.migrations import MigrationSettings
from teal_infra.settings.service import ServiceSettings

from teal.model.colours import Colour
from teal.schema.migrations import Phase
from tests.unit.infra.components.jobs import environment, job, tool

TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - the container's own


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
